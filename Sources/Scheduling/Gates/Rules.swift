import OrchProtocol

/// What the configuration says beyond the pools about which tasks may start, and how tasks are chosen for.
public struct Rules: Sendable, Equatable {
    /// By name.
    public var agents: [String: AgentSettings]
    public var limits: [ConcurrencyLimit]
    public var budgets: [Budget]
    /// Asked in this order; the first that matches chooses.
    public var routes: [RouteRule]
    /// Names for models.
    public var aliases: [String: String]
    /// The longest wait, in milliseconds, for an agent that is limited and does not say until when.
    public var longestWait: Int64
    public var admission: Admission

    public init(
        agents: [String: AgentSettings] = [:], limits: [ConcurrencyLimit] = [], budgets: [Budget] = [],
        routes: [RouteRule] = [], aliases: [String: String] = [:], longestWait: Int64 = 3_600_000,
        admission: Admission = .init()
    ) {
        self.agents = agents
        self.limits = limits
        self.budgets = budgets
        self.routes = routes
        self.aliases = aliases
        self.longestWait = longestWait
        self.admission = admission
    }
}

/// What the scheduler knows about an agent before its start.
public struct AgentSettings: ModelDefaults, Sendable, Equatable {
    /// For tasks that name none.
    public var model: String?
    /// Whose allowance it uses, where its models do not say so by `provider/model`.
    public var provider: String?
    /// The levels that it knows; nil where that is not known.
    public var thinking: Set<ThinkingLevel>?
    /// Whether it can be told which model to use.
    public var takesModel: Bool
    /// Bytes of the longest prompt that it takes, where it takes prompts as an argument.
    public var longestPrompt: Int?
    /// What its arguments and variables take without a prompt or a schema in them, and how often these are put there.
    public var ownArguments = ArgumentSize()
    public var promptPlaces = 0
    public var schemaPlaces = 0

    public init(
        model: String? = nil, provider: String? = nil, thinking: Set<ThinkingLevel>? = nil, takesModel: Bool = true,
        longestPrompt: Int? = nil
    ) {
        self.model = model
        self.provider = provider
        self.thinking = thinking
        self.takesModel = takesModel
        self.longestPrompt = longestPrompt
    }
}

/// The maximum number of matching tasks that run at once, in all pools.
public struct ConcurrencyLimit: Sendable, Equatable {
    /// What has a count of its own.
    public enum Share: String, Sendable, CaseIterable {
        case submitter
    }

    public var name: String
    public var maximum: Int
    public var matcher: TaskMatcher
    /// Nil where all tasks are counted together.
    public var share: Share?

    public init(name: String, maximum: Int, matcher: TaskMatcher, share: Share? = nil) {
        self.name = name
        self.maximum = maximum
        self.matcher = matcher
        self.share = share
    }
}
