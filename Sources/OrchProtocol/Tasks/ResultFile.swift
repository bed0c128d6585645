/// A file that an attempt left in its result directory, and that is kept with its task.
public struct ResultFile: Codable, Sendable, Equatable {
    public var name: String
    /// In bytes.
    public var size: Int64

    public init(name: String, size: Int64) {
        self.name = name
        self.size = size
    }
}

/// What an attempt left in its result directory and what was not kept, for one reason.
public struct LeftBehind: Codable, Sendable, Equatable {
    /// In words.
    public var reason: String
    public var count: Int
    /// The first few.
    public var names: [String]

    public init(reason: String, count: Int, names: [String]) {
        self.reason = reason
        self.count = count
        self.names = names
    }
}

/// A piece of a file.
public struct FilePart: Codable, Sendable, Equatable {
    /// Where it begins, in bytes.
    public var offset: Int64
    public var base64: String

    public init(offset: Int64, base64: String) {
        self.offset = offset
        self.base64 = base64
    }
}

/// All of a file has been sent.
public struct FileEnd: Codable, Sendable, Equatable {
    public var attempt: Int
    public var name: String
    /// In bytes.
    public var size: Int64

    public init(attempt: Int, name: String, size: Int64) {
        self.attempt = attempt
        self.name = name
        self.size = size
    }
}
