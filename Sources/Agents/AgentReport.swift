import OrchProtocol

/// What an agent left behind when it ended.
public struct AgentOutput: Sendable {
    public var stdout: [UInt8]
    public var stderr: [UInt8]
    /// The file that `ORCH_RESULT_FILE` names.
    public var file: [UInt8]
    /// Its exit status; nil where it did not end by itself.
    public var exit: Int32?

    /// How much is looked at of each; of more, the beginning and the end.
    public static let maximum = 16 << 20

    public init(stdout: [UInt8] = [], stderr: [UInt8] = [], file: [UInt8] = [], exit: Int32? = 0) {
        self.stdout = stdout
        self.stderr = stderr
        self.file = file
        self.exit = exit
    }
}

/// What an agent has done, read out of what it printed.
public struct AgentReport: Sendable, Equatable {
    /// The answer; nil where that is the output as it is, or there is none.
    public var text: String?
    public var usage: Usage
    /// Nil for a success.
    public var failure: AgentFailure?
    /// Its whole result is there, whether it says that it succeeded or not.
    public var isWhole: Bool

    public init(text: String? = nil, usage: Usage = Usage(), failure: AgentFailure? = nil, isWhole: Bool = false) {
        self.text = text
        self.usage = usage
        self.failure = failure
        self.isWhole = isWhole
    }
}

/// The time at which something is read, for words such as "in 3 hours" and "at 3pm".
public struct ReadingTime: Sendable {
    /// Milliseconds since 1970.
    public var now: Int64
    /// Seconds that the machine's zone is ahead of UTC.
    public var zoneOffset: Int

    public init(now: Int64, zoneOffset: Int = 0) {
        self.now = now
        self.zoneOffset = zoneOffset
    }
}
