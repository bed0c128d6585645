import OrchProtocol

/// What is kept of a prompt while the program of a rule is asked what to choose for it.
///
/// Meanwhile the task is in the pool of the program, and everything else of it says what holds where the program does not answer.
public struct Routing: Sendable, Equatable, Codable {
    /// What somebody may have set for a task, so no program may change it.
    public enum Field: String, Sendable, Codable, CaseIterable {
        case model, thinking, pool, priority, timeout, retries
        case idleTimeout = "idle_timeout"

        /// Those that a program chooses.
        static let chosen: Set<Field> = [.model, .thinking, .pool, .priority]
    }

    /// The name of the rule.
    public var rule: String
    /// Where the task goes if the program names no pool.
    public var pool: String
    /// What its submitter and its tags say.
    public var given: Set<Field>
}

/// What the program of a rule has printed.
public enum RouteAnswer: Sendable, Equatable {
    case fields([ExactText: JSONValue])
    /// Nothing that can be used; why, as in "its program …".
    case unusable(String)
}

extension RouteRule {
    /// A program that is asked what to choose.
    public struct Program: Sendable, Equatable {
        public static let defaultTimeout: Int64 = 10_000

        /// It and its arguments; the first of them is an absolute path.
        public var command: [String]
        /// Whose user and slots run it.
        public var pool: String
        /// Milliseconds.
        public var timeout: Int64

        public init(command: [String], pool: String, timeout: Int64 = Self.defaultTimeout) {
            self.command = command
            self.pool = pool
            self.timeout = timeout
        }
    }
}

extension Attempt {
    /// The number of the program's process among the attempts of its task, which count from 1: it is not an attempt at the task.
    public static let routingNumber = 0

    /// Whether it is the program of a rule, which is asked what to choose for the task.
    public var isRouting: Bool { number == Self.routingNumber }
}
