/// What would be chosen for a task, and why.
public struct RouteExplanation: Codable, Sendable, Equatable {
    public var pool: String
    public var model: String?
    public var thinking: String?
    public var priority: Int
    public var needs: [String]?
    /// The rule that chose; none where no rule matches.
    public var route: String?
    /// The program of the rule, which would be asked first. The rest is what holds where it leaves something open.
    public var asks: RouteProgram?
    /// The prompt without its tags, where it has some.
    public var prompt: String?
    /// Each rule, in the order in which they are asked.
    public var rules: [RouteStep]

    public init(pool: String, priority: Int, rules: [RouteStep]) {
        self.pool = pool
        self.priority = priority
        self.rules = rules
    }
}

/// A program that chooses for prompts.
public struct RouteProgram: Codable, Sendable, Equatable {
    public var command: [String]
    /// Whose user and slots run it.
    public var pool: String
    /// Seconds.
    public var timeout: Double

    public init(command: [String], pool: String, timeout: Double) {
        self.command = command
        self.pool = pool
        self.timeout = timeout
    }
}

/// One rule, as it was asked about a task.
public struct RouteStep: Codable, Sendable, Equatable {
    public var name: String
    public var matches: Bool
    /// In words.
    public var reason: String

    public init(name: String, matches: Bool, reason: String) {
        self.name = name
        self.matches = matches
        self.reason = reason
    }
}
