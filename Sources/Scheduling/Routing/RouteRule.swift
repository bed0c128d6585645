import OrchProtocol
import Schemas

/// A rule that chooses for prompts what their submitters leave open.
public struct RouteRule: Sendable, Equatable {
    /// Which prompts it is for: those that everything matches that is set. Texts are patterns with `*` and `?`.
    public struct Match: Sendable, Equatable {
        public var pool: String?
        public var agent: String?
        public var label: String?
        /// A uid.
        public var submitter: UInt32?
        public var subject: String?
        /// Characters of the prompt.
        public var minimum: Int?
        public var maximum: Int?
        /// Looked for in the lines at the beginning of the prompt.
        public var pattern: Pattern?

        public init() {}
    }

    /// What it chooses.
    public struct Choice: Sendable, Equatable {
        public var model: String?
        public var thinking: ThinkingLevel?
        public var pool: String?
        public var priority: Int?

        public init() {}
    }

    public var name: String
    public var match: Match
    /// What it chooses; where it has a program, what holds if that fails, and of what that leaves open.
    public var choice: Choice
    public var program: Program?

    public init(name: String, match: Match = Match(), choice: Choice = Choice(), program: Program? = nil) {
        self.name = name
        self.match = match
        self.choice = choice
        self.program = program
    }
}

/// What rules may ask about a prompt.
struct PromptFacts {
    var text: String
    var characters: Int
    var pool: String
    var agent: String
    var labels: [String: String]
    var submitter: UInt32
    var subject: String?
}

extension RouteRule.Match {
    /// Why it does not match, in words; nil if it does.
    func mismatch(_ facts: PromptFacts) -> String? {
        if let pool, !Wildcard.matches(pool, facts.pool) { return "the pool is \"\(facts.pool)\", not \"\(pool)\"" }
        if let agent, !Wildcard.matches(agent, facts.agent) { return "the agent is \"\(facts.agent)\", not \"\(agent)\"" }
        if let label, !TaskMatcher.fits(label: label, facts.labels) { return "there is no label \"\(label)\"" }
        if let submitter, submitter != facts.submitter { return "the submitter is uid \(facts.submitter), not \(submitter)" }
        if let subject, !(facts.subject.map { Wildcard.matches(subject, $0) } ?? false) {
            return facts.subject.map { "the subject is \"\($0)\", not \"\(subject)\"" } ?? "there is no subject \"\(subject)\""
        }
        if let minimum, facts.characters < minimum {
            return "the prompt has \(facts.characters) characters, fewer than \(minimum)"
        }
        if let maximum, facts.characters > maximum {
            return "the prompt has \(facts.characters) characters, more than \(maximum)"
        }
        if let pattern, !pattern.isFound(inLinesOf: facts.text) { return "\"\(pattern.text)\" is not in the prompt" }
        return nil
    }
}

extension Pattern {
    /// Bytes of a prompt that are looked at.
    private static let range = 16_384
    /// What one prompt may cost. A pattern that needs more is not found.
    private static let steps = 1_000_000

    func isFound(inLinesOf prompt: String) -> Bool {
        var steps = Self.steps
        return prompt.utf8.prefix(Self.range).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).contains {
            matches(String(decoding: $0, as: UTF8.self), steps: &steps) ?? false
        }
    }
}
