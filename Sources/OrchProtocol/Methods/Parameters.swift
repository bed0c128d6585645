import FoundationEssentials

/// The parameters of the methods that take few. All are read by a ``StrictDecoder``: an unknown key is an error that names it.

public struct NoParameters: MethodParameters {
    enum CodingKeys: CodingKey, CaseIterable {}
    public init() {}
    public init(from decoder: any Decoder) throws { _ = try decoder.strictContainer(keyedBy: CodingKeys.self) }
    public func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: CodingKeys.self) }
}

public struct GetParameters: MethodParameters {
    public var id: Int64
    /// To have the text of the result in the answer, too.
    public var result: Bool?

    public init(id: Int64, result: Bool? = nil) {
        self.id = id
        self.result = result
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case id, result }
}

/// By id, which is the order of submission.
public enum ListOrder: String, ClosedEnum, Sendable {
    case newest, oldest
}

public struct ListParameters: MethodParameters {
    public var states: [StateFilter]?
    public var pool: String?
    public var name: String?
    public var labels: [String: String]?
    /// Only these; 1 to 10 000.
    public var ids: [Int64]?
    /// The task that has submitted it.
    public var parent: Int64?
    /// A task that is somewhere above it.
    public var below: Int64?
    /// The uid of who submitted it.
    public var submitter: UInt32?
    /// What its name, comment, prompt or command contains; small and capital letters of ASCII are the same.
    public var text: String?
    /// When it was submitted at the earliest.
    public var since: Timestamp?
    /// Before what it was submitted.
    public var until: Timestamp?
    public var order: ListOrder?
    /// 1 to 1000; 100 where not given.
    public var limit: Int?
    /// Where the page before ended: its `next_cursor`.
    public var cursor: Int64?

    public init() {}

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case states, pool, name, labels, ids, parent, below, submitter, text, since, until, order, limit, cursor
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        states = try container.decodeIfPresent([StateFilter].self, forKey: .states)?.enumerated().map {
            try $1.known(in: "states[\($0)]")
        }
        pool = try container.decodeIfPresent(String.self, forKey: .pool)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        labels = try container.decodeIfPresent([String: String].self, forKey: .labels)
        ids = try container.decodeIfPresent([Int64].self, forKey: .ids)
        parent = try container.decodeIfPresent(Int64.self, forKey: .parent)
        below = try container.decodeIfPresent(Int64.self, forKey: .below)
        submitter = try container.decodeIfPresent(UInt32.self, forKey: .submitter)
        text = try container.decodeIfPresent(String.self, forKey: .text)
        since = try container.decodeIfPresent(Timestamp.self, forKey: .since)
        until = try container.decodeIfPresent(Timestamp.self, forKey: .until)
        order = try container.decodeIfPresent(ListOrder.self, forKey: .order)
        limit = try container.decodeIfPresent(Int.self, forKey: .limit)
        cursor = try container.decodeIfPresent(Int64.self, forKey: .cursor)
    }
}

/// What may be changed of a task that has not started.
public struct UpdateParameters: HasTaskOptions, MemberCoded, KeyedParameters, ActionParameters {
    public var id: Int64
    /// Other work of the same kind: a command for a command, a prompt for a prompt.
    public var command: [String]?
    public var commandBytes: [Data]?
    public var prompt: String?
    public var pool: String?
    public var notBefore: Timestamp?
    /// See ``KeyedParameters``.
    public var key: String?
    public var subject: String?
    /// Those that can be changed.
    public var options = TaskOptions()

    public init(id: Int64) { self.id = id }

    static let members: [Member<UpdateParameters>] = [
        Member("command", \.command), Member("command_bytes", \.commandBytes), Member("prompt", \.prompt),
        Member("pool", \.pool),
        Member("not_before", \.notBefore), Member("key", \.key), Member("subject", \.subject),
    ]
    private static let idKey = AnyKey(stringValue: "id")

    public init(from decoder: any Decoder) throws {
        let names = [Self.idKey.stringValue] + Self.members.map(\.name) + TaskOptions.changeable.map(\.name)
        try decoder.refuseMembers(otherThan: names)
        let members = StrictContainer(members: try decoder.container(keyedBy: AnyKey.self))
        id = try members.decode(Int64.self, forKey: Self.idKey)
        try read(from: decoder)
        try options.read(TaskOptions.changeable, from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: AnyKey.self)
        try container.encode(id, forKey: Self.idKey)
        try write(to: encoder)
        try options.encode(to: encoder)
    }
}

/// Parameters that name tasks, all of which or none are changed.
public protocol TaskIDs {
    var ids: [Int64] { get }
    /// To leave out the tasks for which the request would be refused, instead of refusing it.
    var lenient: Bool? { get set }
}

/// The tasks to try again.
public struct RetryParameters: TaskIDs, KeyedParameters, ActionParameters {
    /// 1 to 10 000 ids.
    public var ids: [Int64]
    public var lenient: Bool?
    /// To forget what their children have done: the keys that they gave these find nothing any more.
    public var fresh: Bool?
    /// See ``KeyedParameters``.
    public var key: String?
    public var subject: String?

    public init(ids: [Int64], fresh: Bool? = nil) {
        self.ids = ids
        self.fresh = fresh
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case ids, lenient, fresh, key, subject }
}

/// The tasks that `task.hold`, `task.release`, `task.pause`, `task.resume` and `task.remove` are for.
public struct TaskSelection: TaskIDs, KeyedParameters, ActionParameters {
    /// 1 to 10 000 ids.
    public var ids: [Int64]
    public var lenient: Bool?
    /// See ``KeyedParameters``.
    public var key: String?
    public var subject: String?

    public init(ids: [Int64]) { self.ids = ids }

    public enum CodingKeys: String, CodingKey, CaseIterable { case ids, lenient, key, subject }
}

/// The tasks to cancel: by id, all of a pool that have not ended, or all.
public struct CancelParameters: KeyedParameters, ActionParameters {
    public var ids: [Int64]?
    public var pool: String?
    public var all: Bool?
    /// See ``TaskIDs``.
    public var lenient: Bool?
    /// See ``KeyedParameters``.
    public var key: String?
    public var subject: String?

    public init(ids: [Int64]? = nil, pool: String? = nil, all: Bool? = nil) {
        self.ids = ids
        self.pool = pool
        self.all = all
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case ids, pool, all, lenient, key, subject }
}

public struct WaitParameters: MethodParameters {
    public var ids: [Int64]
    /// To be answered when one of them has ended, and not only when all have.
    public var any: Bool?
    /// Seconds after which the answer comes in any case, with those that have ended; 0 for now.
    public var timeout: Double?
    /// To have short records, and no notifications.
    public var brief: Bool?

    public init(ids: [Int64]) { self.ids = ids }

    public enum CodingKeys: String, CodingKey, CaseIterable { case ids, any, timeout, brief }
}

/// The stream of this connection that `request.cancel` ends.
public struct CancelRequestParameters: MethodParameters {
    /// The id of the request that began it.
    public var request: RequestID

    public init(request: RequestID) { self.request = request }

    public enum CodingKeys: String, CodingKey, CaseIterable { case request }
}

public enum OutputStream: String, ClosedEnum, Sendable {
    case stdout, stderr
}

public struct LogsParameters: MethodParameters {
    public var id: Int64
    /// The number of the attempt; the latest where not given.
    public var attempt: Int?
    /// One stream, or both where not given.
    public var stream: OutputStream?
    /// Whether to continue until the task has ended.
    public var follow: Bool?
    /// Only this number of lines from the end of the present output.
    public var tail: Int?
    /// Only what was written since then, to within a second.
    public var since: Timestamp?
    /// Where to begin in the one stream that is asked for, in bytes.
    public var offset: Int64?
    /// How much of the one stream to send at most, in bytes.
    public var limit: Int64?

    public init(id: Int64) { self.id = id }

    public enum CodingKeys: String, CodingKey, CaseIterable { case id, attempt, stream, follow, tail, since, offset, limit }
}

public struct FileParameters: MethodParameters {
    public var id: Int64
    /// As `task.get` names it.
    public var name: String
    /// The number of the attempt; the latest where not given.
    public var attempt: Int?
    /// Where to begin, in bytes.
    public var offset: Int64?

    public init(id: Int64, name: String, attempt: Int? = nil, offset: Int64? = nil) {
        self.id = id
        self.name = name
        self.attempt = attempt
        self.offset = offset
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case id, name, attempt, offset }
}

public struct PoolSelection: ActionParameters {
    public var pool: String
    public var subject: String?

    public init(pool: String) { self.pool = pool }

    public enum CodingKeys: String, CodingKey, CaseIterable { case pool, subject }
}

public struct ResizeParameters: ActionParameters {
    public var pool: String
    /// 0 to 10 000. Running tasks are never ended by a smaller number.
    public var slots: Int
    public var subject: String?

    public init(pool: String, slots: Int) {
        self.pool = pool
        self.slots = slots
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case pool, slots, subject }
}

public struct AgentSelection: KeyedParameters, ActionParameters {
    public var agent: String
    /// See ``KeyedParameters``.
    public var key: String?
    public var subject: String?

    public init(agent: String) { self.agent = agent }

    public enum CodingKeys: String, CodingKey, CaseIterable { case agent, key, subject }
}

public struct WorkerListParameters: MethodParameters {
    public var pool: String?

    public init(pool: String? = nil) { self.pool = pool }

    public enum CodingKeys: String, CodingKey, CaseIterable { case pool }
}

public struct UsageParameters: MethodParameters {
    public var by: UsageKey?
    /// What ended before does not count.
    public var since: Timestamp?

    public init(by: UsageKey? = nil, since: Timestamp? = nil) {
        self.by = by
        self.since = since
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case by, since }
}

public struct StopParameters: MethodParameters {
    /// To end running tasks instead of waiting for them.
    public var now: Bool?

    public init(now: Bool? = nil) { self.now = now }

    public enum CodingKeys: String, CodingKey, CaseIterable { case now }
}

public struct SubscribeParameters: MethodParameters {
    /// The last sequence number that the client has seen; events after it follow. Only new ones where not given.
    public var after: Int64?
    /// False to be sent what there is and no more.
    public var follow: Bool?

    public init(after: Int64? = nil, follow: Bool? = nil) {
        self.after = after
        self.follow = follow
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case after, follow }
}
