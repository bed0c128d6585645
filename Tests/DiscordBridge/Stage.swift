import OrchClient
import OrchProtocol

@testable import DiscordAPI
@testable import DiscordBridge

/// A bridge on its own store, turn by turn: a test says what happens, and sees what the bridge orders.
struct Stage {
    static let channel = Snowflake(10)
    static let results = Snowflake(11)
    static let alice = Person(id: Snowflake(1), name: "alice", roles: [Snowflake(7)])

    let store: BridgeStore
    private(set) var bridge: Bridge
    private let configuration: BridgeConfiguration
    var now: Int64 = 1_800_000_000_000
    private var interactions: UInt64 = 500

    init(_ change: (inout BridgeConfiguration) -> Void = { _ in }) throws {
        var configuration = BridgeConfiguration()
        var channel = BridgeConfiguration.TaskChannel(id: Self.channel)
        channel.mention = false
        configuration.channels = [channel]
        configuration.results = Self.results
        var rule = Authorizer.Rule()
        rule.roles = [Snowflake(7)]
        rule.verbs = Set(Verb.allCases)
        rule.pools = ["default"]
        configuration.authorizer = Authorizer(rules: [rule])
        change(&configuration)
        self.configuration = configuration
        store = try BridgeStore()
        bridge = Bridge(configuration, bot: Snowflake(99))
        _ = try connect()
    }

    mutating func turn(_ inputs: Input...) throws -> [Effect] {
        var next = bridge
        let effects = try store.transaction { try next.turn(inputs, now: now, in: $0) }
        bridge = next
        return effects
    }

    private mutating func connect() throws -> [Effect] {
        try turn(.daemon([.connected(last: 0)]), .session(isNew: true))
            + turn(.answered(.read(Self.channel), .page([], isLast: true)))
    }

    /// kill -9, and a new one.
    mutating func restart() throws -> [Effect] {
        bridge = Bridge(configuration, bot: Snowflake(99))
        return try connect()
    }

    /// A task by a message of alice's, whose thread is open and has its card.
    mutating func task(_ id: Int64) throws -> Snowflake {
        let message = Snowflake(UInt64(1000 + id))
        _ = try turn(.message(ChatMessage(message: message, by: Self.alice)))
        _ = try turn(.answered(.submit(message), .task(id)))
        _ = try turn(.answered(.fetch(id), .record(Self.record(id))))
        for post in try turn(.answered(.thread(id), .done)).created {
            _ = try turn(.answered(.post(post.post), .made(Snowflake(UInt64(5000 + post.post)))))
        }
        return message
    }

    static func record(_ id: Int64, _ state: TaskState = .running, _ questions: [QuestionRecord] = []) -> TaskRecord {
        var record = TaskRecord(
            id: id, state: state, pool: "default", priority: 0, submitter: 0, submittedAt: Timestamp(milliseconds: 0))
        record.prompt = "work \(id)"
        if !questions.isEmpty { record.questions = questions }
        return record
    }

    /// Something has happened to a task, and the daemon says how it stands now.
    ///
    /// - Returns: what follows, and for which questions the daemon was asked.
    mutating func news(
        of task: Int64, _ record: TaskRecord?, ended: [QuestionRecord] = []
    ) throws -> (effects: [Effect], asking: [Int]?) {
        let last = try store.transaction { try $0.cursor(.events) } ?? 0
        var event = Event(seq: last + 1, at: Timestamp(milliseconds: 0), kind: .taskUpdated)
        event.task = task
        let asked = try turn(.daemon([.event(event)]))
        let asking = asked.compactMap { if case .fetch(task, let asking) = $0 { asking } else { nil } }.first
        return (try turn(.answered(.fetch(task), .record(record, ended: ended))), asking)
    }

    /// - Returns: the answer at once, or what the daemon is asked to do.
    mutating func use(_ use: Invocation.Use, _ person: Person = Self.alice) throws -> (
        reply: Reply?, order: Order?, id: Snowflake
    ) {
        interactions += 1
        let id = Snowflake(interactions)
        let ticket = Ticket(id: id, application: Snowflake(99), token: Secret("t"))
        for case .respond(ticket, let reply) in try turn(.invoked(Invocation(ticket, by: person, in: Self.channel, use))) {
            return (reply, nil, id)
        }
        for case .carryOut(id, let order, _) in try turn(.answered(.acknowledge(id), .done)) { return (nil, order, id) }
        return (nil, nil, id)
    }
}

extension ChatMessage {
    init(message id: Snowflake, by author: Person, in channel: Snowflake = Stage.channel, _ text: String = "work") {
        self.init(id: id, channel: channel, author: author, content: text)
    }
}

extension [Effect] {
    /// The messages that are sent: which post, where, what.
    var created: [(post: Int64, kind: PostKind, place: Snowflake, content: Content)] {
        compactMap {
            if case .create(let post, let kind, let place, let content, _) = $0 { (post, kind, place, content) } else { nil }
        }
    }

    var edited: [(post: Int64, content: Content)] {
        compactMap { if case .edit(let post, _, _, let content) = $0 { (post, content) } else { nil } }
    }

    var looked: [Int64] { compactMap { if case .look(let post, _, _) = $0 { post } else { nil } } }
}
