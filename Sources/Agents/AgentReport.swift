import OrchProtocol

/// What an agent left behind when it ended.
public struct AgentOutput: Sendable {
    public var stdout: [UInt8]
    public var stderr: [UInt8]
    /// The file that `ORCH_RESULT_FILE` names.
    public var file: [UInt8]
    /// Its exit status; nil where it did not end by itself.
    public var exit: Int32?
    /// Whether something of it was in UTF-16, and is in UTF-8 here.
    let isRecoded: Bool

    /// How much is looked at of each; of more, the first and the last half of it.
    public let maximum: Int
    public static let defaultMaximum = 16 << 20

    public init(
        stdout: [UInt8] = [], stderr: [UInt8] = [], file: [UInt8] = [], exit: Int32? = 0, maximum: Int = defaultMaximum
    ) {
        // Of what is longer the halves are here, which nobody could read together.
        let recoded = [stdout, stderr, file].map { $0.count > maximum ? nil : UTF16Text.utf8(of: $0) }
        isRecoded = recoded.contains { $0 != nil }
        self.stdout = recoded[0] ?? stdout
        self.stderr = recoded[1] ?? stderr
        self.file = recoded[2] ?? file
        self.exit = exit
        self.maximum = maximum
    }

    /// The pieces of a stream that follow each other without a gap: one, or the two that are left of a long one.
    func pieces(of bytes: [UInt8]) -> [[UInt8]] {
        guard bytes.count > maximum else { return [bytes] }
        return [Array(bytes.prefix(maximum / 2)), Array(bytes.suffix(maximum / 2))]
    }
}

/// What an agent has done, read out of what it printed.
public struct AgentReport: Sendable, Equatable {
    /// The answer; nil where that is the output as it is, or there is none.
    public var text: String?
    public var usage = Usage()
    /// Nil for a success.
    public var failure: AgentFailure?
    /// Of a failure that nothing is known of, what the program said at last, on one line.
    public var stderrTail: String?
    /// Its whole result is there, whether it says that it succeeded or not.
    public var isWhole = false
}

/// The time at which something is read, for words such as "in 3 hours" and "at 3pm".
public struct ReadingTime: Sendable {
    /// Milliseconds since 1970.
    public var now: Int64
    /// Seconds that a zone, by its name, is ahead of UTC at a time in milliseconds since 1970; the machine's own by none. It answers
    /// nil where there is no such zone.
    public var offset: @Sendable (_ zone: String?, _ time: Int64) -> Int?

    public init(
        now: Int64, offset: @escaping @Sendable (_ zone: String?, _ time: Int64) -> Int? = { zone, _ in zone == nil ? 0 : nil }
    ) {
        self.now = now
        self.offset = offset
    }
}
