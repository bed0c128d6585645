import DiscordAPI

/// Decides for every way into the queue who may do what: messages, slash commands, buttons, forms, completion, threads, and
/// messages from the time when the bridge was away.
///
/// What no rule allows is denied. It is asked when somebody asks, and again at each click: a role may be gone since a
/// button was shown.
public struct Authorizer: Sendable, Equatable {
    /// What some people may do.
    public struct Rule: Sendable, Equatable {
        public var users: Set<Snowflake> = []
        /// All people who can write in the channel.
        public var everybody = false
        public var roles: Set<Snowflake> = []
        /// Other bots, which no role lets in.
        public var bots: Set<Snowflake> = []
        public var verbs: Set<Verb> = []
        /// Where their tasks may run, and which tasks they may see and change.
        public var pools: Set<String> = []
        /// Whether they may change the tasks of others, too.
        public var others = false
        /// The priorities that they may give.
        public var priorities = 0...0
        /// How many tasks of theirs may wait or run at once.
        public var open = 20
        /// How many they may make in an hour.
        public var hourly = 60

        public init() {}

        /// Who may change a task may also answer what it asks.
        func allows(_ verb: Verb) -> Bool {
            verbs.contains(verb) || verb == .answer && verbs.contains(where: Authorizer.changes)
        }

        func isFor(_ person: Person) -> Bool {
            switch person.kind {
            case .human: everybody || users.contains(person.id) || !roles.isDisjoint(with: person.roles)
            case .bot: bots.contains(person.id)
            case .webhook, .own: false
            }
        }
    }

    /// What somebody wants.
    public struct Request: Sendable, Equatable {
        public var verb: Verb
        public var pool: String
        /// Whose task it is about; nil for a new one, and for what is about no task.
        public var owner: Snowflake?
        public var priority: Int?
        /// What the person has made: how many tasks that have not ended, and how many in the last hour.
        public var load: Load

        public init(
            _ verb: Verb, pool: String, owner: Snowflake? = nil, priority: Int? = nil, load: Load = Load()
        ) {
            self.verb = verb
            self.pool = pool
            self.owner = owner
            self.priority = priority
            self.load = load
        }
    }

    public struct Load: Sendable, Equatable {
        public var open: Int
        public var lastHour: Int

        public init(open: Int = 0, lastHour: Int = 0) {
            self.open = open
            self.lastHour = lastHour
        }
    }

    public enum Verdict: Sendable, Equatable {
        case allowed
        /// Not to be answered: who speaks is nobody that the bridge talks to.
        case ignored
        /// Why, as a sentence that begins with "you".
        case denied(String)
    }

    public var rules: [Rule]

    public init(rules: [Rule] = []) { self.rules = rules }

    public func judge(_ request: Request, by person: Person) -> Verdict {
        switch person.kind {
        case .own, .webhook: return .ignored
        case .bot: if !rules.contains(where: { $0.isFor(person) }) { return .ignored }
        case .human: break
        }
        // One rule must allow the whole: what one gives in one pool, another does not give in the next.
        let verbs = rules.filter { $0.isFor(person) && $0.allows(request.verb) }
        guard !verbs.isEmpty else { return .denied("you may not \(Self.words(request.verb)) here") }
        let pools = verbs.filter { $0.pools.contains(request.pool) }
        guard !pools.isEmpty else {
            return .denied("you may not \(Self.words(request.verb)) in the pool \(request.pool)\(Self.hint(verbs))")
        }
        let owned = pools.filter { $0.others || request.owner ?? person.id == person.id || !Self.changes(request.verb) }
        guard !owned.isEmpty else { return .denied("you may only do that with your own tasks") }
        var fitting = owned
        if let priority = request.priority {
            fitting = owned.filter { $0.priorities.contains(priority) }
            guard !fitting.isEmpty else {
                let range = owned.map(\.priorities).reduce(owned[0].priorities) {
                    min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound)
                }
                return .denied("you may give priorities from \(range.lowerBound) to \(range.upperBound)")
            }
        }
        guard request.verb == .submit || request.verb == .retry else { return .allowed }
        guard let roomy = fitting.first(where: { request.load.open < $0.open }) else {
            let most = fitting.map(\.open).max() ?? 0
            return .denied("you have \(request.load.open) tasks that have not ended, and may have \(most)")
        }
        guard fitting.contains(where: { request.load.open < $0.open && request.load.lastHour < $0.hourly }) else {
            return .denied("you have made \(request.load.lastHour) tasks in the last hour, and may make \(roomy.hourly)")
        }
        return .allowed
    }

    /// The pools in which a person may do something: what completion offers.
    public func pools(for verb: Verb, _ person: Person) -> [String] {
        rules.filter { $0.isFor(person) && $0.allows(verb) }.reduce(into: Set()) { $0.formUnion($1.pools) }.sorted()
    }

    /// Whether it does something to a task.
    private static func changes(_ verb: Verb) -> Bool {
        switch verb {
        case .stop, .retry, .pause, .priority, .answer: true
        case .submit, .see, .logs, .pool, .usage: false
        }
    }

    private static func hint(_ rules: [Rule]) -> String {
        let pools = rules.reduce(into: Set<String>()) { $0.formUnion($1.pools) }.sorted()
        return pools.isEmpty ? "" : ", but in \(pools.joined(separator: ", "))"
    }

    private static func words(_ verb: Verb) -> String {
        switch verb {
        case .submit: "make tasks"
        case .see: "look at tasks"
        case .logs: "read what tasks have written"
        case .stop: "stop tasks"
        case .retry: "retry tasks"
        case .pause: "pause tasks"
        case .priority: "change priorities"
        case .answer: "answer what tasks ask"
        case .pool: "change pools"
        case .usage: "see the usage"
        }
    }
}
