import Text

/// What kept an agent from doing its task, as far as it can be told from what it printed.
public struct FailureKind: OpenEnum {
    /// It was not let in: no key, or a wrong one.
    public static let auth = Self("auth")
    /// An allowance is used up, often until a time.
    public static let usageLimit = Self("usage_limit")
    /// Too many requests at once.
    public static let rateLimit = Self("rate_limit")
    /// The provider failed, or is overloaded.
    public static let server = Self("server")
    public static let network = Self("network")
    /// The prompt, or what became of it, is longer than the model takes.
    public static let contextTooLong = Self("context_too_long")
    /// Its settings or arguments are wrong: an unknown model, say.
    public static let config = Self("config")
    /// It ended for no reason that is known.
    public static let crash = Self("crash")
    /// It says that it succeeded, and has no answer, or not a whole one.
    public static let empty = Self("empty")
    /// It gave up by itself after a time.
    public static let timeout = Self("timeout")
    /// Its result does not satisfy the schema of its task.
    public static let schema = Self("schema")

    public static let allCases: [Self] = [
        .auth, .usageLimit, .rateLimit, .server, .network, .contextTooLong, .config, .crash, .empty, .timeout, .schema,
    ]

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Whether it is over by itself after a while: the task waits, and no attempt is counted.
    public var isLimit: Bool { self == .usageLimit || self == .rateLimit }

    /// Which word of `retry_on` covers it; nil where another attempt would fail as this one did.
    public var retryCause: RetryCause? {
        switch self {
        case .auth, .config, .contextTooLong: nil
        case .timeout: .timeout
        default: .exit
        }
    }
}

/// What an agent adds to a task that names no model: the gates, the start and the failures of a task all go by this.
public protocol ModelDefaults {
    /// For tasks that name none.
    var model: String? { get }
    /// Whose allowance it uses, where its models do not say so by `provider/model`.
    var provider: String? { get }
}

extension ModelDefaults {
    /// The model that a task runs with that asks for one, or for none.
    public func effectiveModel(_ asked: String?) -> String? { asked ?? model }

    /// Whose allowance such a task uses.
    public func provider(ofModel asked: String?) -> String {
        effectiveModel(asked)?.cut(at: "/").map { String($0.before) } ?? provider ?? ""
    }
}

/// Why an attempt of an agent does not count as a success.
public struct AgentFailure: Sendable, Equatable {
    public var kind: FailureKind
    /// A sentence for people, without a full stop.
    public var message: String
    /// Of a limit, when it is over, where the agent says so: milliseconds since 1970.
    public var until: Int64?
    /// Whose limit it is: what stands before the first `/` of the model, or what the agent's definition says.
    public var provider: String

    public init(_ kind: FailureKind, _ message: String, until: Int64? = nil, provider: String = "") {
        self.kind = kind
        self.message = message
        self.until = until
        self.provider = provider
    }
}
