import FoundationEssentials

/// What a client asks for: one task, as in `task.submit` and in the lines of `orchctl submit --batch`.
public struct TaskSpec: HasTaskOptions, MemberCoded, MethodParameters {
    /// A program and its arguments; never interpreted by a shell. Exactly one of `command` and `prompt` is given.
    public var command: [String]?
    /// The same in base64, where an argument is not UTF-8; it counts then.
    public var commandBytes: [Data]?
    /// Text for the agent of the pool.
    public var prompt: String?
    public var pool: String?
    /// Not to be started before this time.
    public var notBefore: Timestamp?
    /// To be kept until it is released.
    public var hold: Bool?
    public var env: [String: String]?
    /// `NAME=value` in base64, for those that are not UTF-8; they come on top of `env`.
    public var envBytes: [Data]?
    /// An absolute path; a fresh directory where not given.
    public var cwd: String?
    /// The same in base64, where it is not UTF-8; it counts then.
    public var cwdBytes: Data?
    /// Text for the standard input; it is empty where not given.
    public var stdin: String?
    /// Any bytes for the standard input, in base64.
    public var stdinBytes: Data?
    /// A JSON Schema that the result must satisfy, as JSON.
    public var resultSchema: JSONValue?
    /// Files to be put into its directory before it starts.
    public var files: [SubmittedFile]?
    /// The same once the engine keeps them, outside the protocol.
    package var kept: KeptFiles?
    /// For whom a bridge submits it: see `[access] bridges`.
    public var subject: String?
    /// To continue when the task that submits it has ended; only where `[spawn] detach` allows it.
    public var detach: Bool?
    /// With `key`: to be refused where the task that has the key was asked for otherwise in anything that is given.
    public var step: Bool?
    public var options = TaskOptions()

    static let members: [Member<TaskSpec>] = [
        Member("command", \.command), Member("command_bytes", \.commandBytes), Member("prompt", \.prompt),
        Member("pool", \.pool), Member("not_before", \.notBefore), Member("hold", \.hold), Member("env", \.env),
        Member("env_bytes", \.envBytes), Member("cwd", \.cwd), Member("cwd_bytes", \.cwdBytes), Member("stdin", \.stdin),
        Member("stdin_bytes", \.stdinBytes), Member("result_schema", \.resultSchema),
        Member("subject", \.subject), Member("files", \.files),
        Member("detach", \.detach), Member("step", \.step),
    ]
    static let byName = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0) })
    /// The names of all that the object of a task may have.
    public static let names = members.map(\.name) + TaskOptions.members.map(\.name)

    public init(command: [String]? = nil, prompt: String? = nil) {
        self.command = command
        self.prompt = prompt
    }

    public init(from decoder: any Decoder) throws {
        try decoder.refuseMembers(otherThan: Self.names)
        try read(from: decoder)
        options = try TaskOptions(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        try write(to: encoder)
        try options.encode(to: encoder)
    }
}

/// The parameters of `task.submit`: an object for one task, an array for many, which are taken all or not at all.
public typealias Submission = OneOrMany<TaskSpec>

extension OneOrMany: MethodParameters where Element == TaskSpec {}
