import FoundationEssentials

/// What a client asks for: one task, as in `task.submit` and in the lines of `orchctl submit --batch`.
public struct TaskSpec: MethodParameters {
    /// A program and its arguments; never interpreted by a shell. Exactly one of `command` and `prompt` is given.
    public var command: [String]?
    /// The same in base64, where an argument is not UTF-8; it counts then.
    public var commandBytes: [Data]?
    /// Text for the agent of the pool.
    public var prompt: String?
    public var pool: String?
    public var name: String?
    public var labels: [String: String]?
    /// Higher runs earlier. From -1 000 000 to 1 000 000; 0 where not given.
    public var priority: Int?
    /// The longest an attempt may run, in seconds.
    public var timeout: Double?
    /// The longest an attempt may go without writing output, in seconds.
    public var idleTimeout: Double?
    /// How often the task may be tried again after a failure that `retryOn` lists; as its pool says where not given.
    public var retries: Int?
    /// Which outcomes are worth another attempt; exit, timeout, signal and lost where not given.
    public var retryOn: [RetryCause]?
    /// The wait before the first retry, in seconds; it doubles with each, and is spread by up to a quarter either way.
    public var retryDelay: Double?
    /// Not to be started before this time.
    public var notBefore: Timestamp?
    /// To be given up if it has not started by this time.
    public var expires: Timestamp?
    /// To be kept until it is released.
    public var hold: Bool?
    /// An idempotency key: a second task with the same key is not made; the first one's id is answered.
    public var key: String?
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
    public var model: String?
    public var thinking: ThinkingLevel?
    /// Capabilities that its pool or worker must offer, all of them.
    public var needs: [String]?
    /// A JSON Schema that the result must satisfy, as JSON.
    public var resultSchema: JSONValue?

    /// What its attempts may use at the most; as its pool says where not given, and never more than its pool allows.
    public var resources: ResourceLimits?

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case command, prompt, pool, name, labels, priority, timeout, retries, expires, hold, key, env, cwd, stdin
        case model, thinking, needs, resources
        case idleTimeout = "idle_timeout"
        case retryOn = "retry_on"
        case retryDelay = "retry_delay"
        case notBefore = "not_before"
        case resultSchema = "result_schema"
        case commandBytes = "command_bytes"
        case envBytes = "env_bytes"
        case cwdBytes = "cwd_bytes"
        case stdinBytes = "stdin_bytes"
    }

    public init(command: [String]? = nil, prompt: String? = nil) {
        self.command = command
        self.prompt = prompt
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        command = try container.decodeIfPresent([String].self, forKey: .command)
        commandBytes = try container.decodeIfPresent([Data].self, forKey: .commandBytes)
        prompt = try container.decodeIfPresent(String.self, forKey: .prompt)
        pool = try container.decodeIfPresent(String.self, forKey: .pool)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        labels = try container.decodeIfPresent([String: String].self, forKey: .labels)
        priority = try container.decodeIfPresent(Int.self, forKey: .priority)
        timeout = try container.decodeIfPresent(Double.self, forKey: .timeout)
        idleTimeout = try container.decodeIfPresent(Double.self, forKey: .idleTimeout)
        retries = try container.decodeIfPresent(Int.self, forKey: .retries)
        retryOn = try container.decodeIfPresent([RetryCause].self, forKey: .retryOn)
        retryDelay = try container.decodeIfPresent(Double.self, forKey: .retryDelay)
        notBefore = try container.decodeIfPresent(Timestamp.self, forKey: .notBefore)
        expires = try container.decodeIfPresent(Timestamp.self, forKey: .expires)
        hold = try container.decodeIfPresent(Bool.self, forKey: .hold)
        key = try container.decodeIfPresent(String.self, forKey: .key)
        env = try container.decodeIfPresent([String: String].self, forKey: .env)
        envBytes = try container.decodeIfPresent([Data].self, forKey: .envBytes)
        cwd = try container.decodeIfPresent(String.self, forKey: .cwd)
        cwdBytes = try container.decodeIfPresent(Data.self, forKey: .cwdBytes)
        stdin = try container.decodeIfPresent(String.self, forKey: .stdin)
        stdinBytes = try container.decodeIfPresent(Data.self, forKey: .stdinBytes)
        model = try container.decodeIfPresent(String.self, forKey: .model)
        thinking = try container.decodeIfPresent(ThinkingLevel.self, forKey: .thinking)
        needs = try container.decodeIfPresent([String].self, forKey: .needs)
        resultSchema = try container.decodeIfPresent(JSONValue.self, forKey: .resultSchema)
        resources = try container.decodeIfPresent(ResourceLimits.self, forKey: .resources)
    }
}

/// The parameters of `task.submit`: an object for one task, an array for many, which are taken all or not at all.
public enum Submission: MethodParameters {
    case one(TaskSpec)
    case many([TaskSpec])

    public var specs: [TaskSpec] {
        switch self {
        case .one(let spec): [spec]
        case .many(let specs): specs
        }
    }

    public init(from decoder: any Decoder) throws {
        if var list = try? decoder.unkeyedContainer() {
            var specs: [TaskSpec] = []
            specs.reserveCapacity(list.count ?? 0)
            while !list.isAtEnd { specs.append(try list.decode(TaskSpec.self)) }
            self = .many(specs)
        } else {
            self = .one(try TaskSpec(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .one(let spec): try spec.encode(to: encoder)
        case .many(let specs): try specs.encode(to: encoder)
        }
    }
}

/// Outcomes of an attempt that a task may name in `retry_on`.
public enum RetryCause: String, ClosedEnum, Sendable {
    /// The program ended with an exit status other than 0, or without the result its agent owes.
    case exit
    /// The run or the idle timeout ended it.
    case timeout
    /// A signal ended it that orchd did not send, the kernel's for lack of memory included.
    case signal
    /// The supervisor or the machine went down while it ran.
    case lost
    /// It wrote more output than allowed.
    case output
    /// It could not be started at all.
    case spawn
}
