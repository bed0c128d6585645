/// A piece of a backup, or news of its making: before the first piece, while the daemon makes the copy, there are no bytes.
public struct BackupPart: Codable, Sendable, Equatable {
    /// How large the backup is going to be, in bytes; roughly, until the first piece comes.
    public var size: Int64
    /// Where the piece begins; without bytes, how much has been copied.
    public var offset: Int64
    public var base64: String?

    public init(size: Int64, offset: Int64, base64: String? = nil) {
        self.size = size
        self.offset = offset
        self.base64 = base64
    }
}

/// What is in a backup, once all of it has been sent.
public struct BackupResult: Codable, Sendable, Equatable {
    /// In bytes.
    public var size: Int64
    public var tasks: Int
    /// Of those, how many had not ended.
    public var unfinished: Int
    /// As of when it is.
    public var madeAt: Timestamp

    public init(size: Int64, tasks: Int, unfinished: Int, madeAt: Timestamp) {
        self.size = size
        self.tasks = tasks
        self.unfinished = unfinished
        self.madeAt = madeAt
    }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case size, tasks, unfinished
        case madeAt = "made_at"
    }
}
