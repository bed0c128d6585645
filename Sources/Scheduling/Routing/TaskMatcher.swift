import Text

/// What rules may ask about a task.
struct TaskFacts {
    var pool: String
    /// `command` for a task that is one.
    var agent: String
    var provider: String
    var model: String
    var labels: [String: String]
    var submitter: UInt32
    var subject: String?
}

/// Which tasks a rule is about: those that everything matches that is set. Texts are patterns in which `*` stands for any characters
/// and `?` for one.
public struct TaskMatcher: Sendable, Equatable {
    public var pool: String?
    public var agent: String?
    public var provider: String?
    public var model: String?
    /// `team=core`, or `team` for any value.
    public var label: String?
    /// A uid.
    public var submitter: UInt32?
    public var subject: String?

    public init(
        pool: String? = nil, agent: String? = nil, provider: String? = nil, model: String? = nil, label: String? = nil,
        submitter: UInt32? = nil, subject: String? = nil
    ) {
        self.pool = pool
        self.agent = agent
        self.provider = provider
        self.model = model
        self.label = label
        self.submitter = submitter
        self.subject = subject
    }

    func matches(_ facts: TaskFacts) -> Bool {
        func fits(_ pattern: String?, _ text: String) -> Bool { pattern.map { Wildcard.matches($0, text) } ?? true }
        return fits(pool, facts.pool) && fits(agent, facts.agent) && fits(provider, facts.provider)
            && fits(model, facts.model) && submitter ?? facts.submitter == facts.submitter
            && (subject == nil || facts.subject.map { fits(subject, $0) } ?? false)
            && (label.map { Self.fits(label: $0, facts.labels) } ?? true)
    }

    static func fits(label pattern: String, _ labels: [String: String]) -> Bool {
        let (name, wanted) = pattern.cut(at: "=").map { (String($0.before), String($0.after)) } ?? (pattern, "*")
        guard let place = labels.index(forKey: name), labels[place].key.isSame(as: name) else { return false }
        return Wildcard.matches(wanted, labels[place].value)
    }

    /// The same text for the same matcher, whatever the program.
    var description: String {
        [pool, agent, provider, model, label, submitter.map { "\($0)" }, subject].map {
            $0.map { "\($0.utf8.count):\($0)" } ?? "-"
        }.joined(separator: ",")
    }
}

/// Patterns as a shell has them for names of files, without its classes.
enum Wildcard {
    /// Takes time in proportion to the product of both lengths at most: only the last `*` is ever tried again.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let pattern = Array(pattern.unicodeScalars)
        let text = Array(text.unicodeScalars)
        var (p, t) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == "*" {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                p = last.pattern + 1
                t = last.text + 1
                star = (last.pattern, t)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == "*" }
    }
}
