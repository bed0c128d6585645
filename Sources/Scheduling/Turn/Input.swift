import OrchProtocol
import SupervisorLink

/// Who asks. It comes from the socket (SO_PEERCRED), never from what a client says.
public struct Requester: Sendable, Equatable {
    public var uid: UInt32
    /// Root, the engine's own user, or a member of an admin group.
    public var isAdministrator: Bool
    /// Of the process at the other end.
    public var groups: [UInt32]
    public var principal: Principal
    /// Of a task that asks: the number of the attempt whose door it is.
    public var attempt: Int
    /// Whether it may ask for others, by name.
    public var isBridge: Bool
    /// The methods that it may call as an administrator may (`[access.grants]`).
    public var grants: Set<String>
    /// Whether its request may concern what belongs to others. ``admitted(to:)`` decides it.
    public private(set) var reachesOthers: Bool

    public init(
        uid: UInt32, isAdministrator: Bool, groups: [UInt32] = [], principal: Principal? = nil, attempt: Int = 0,
        isBridge: Bool = false, grants: Set<String> = []
    ) {
        self.uid = uid
        self.isAdministrator = isAdministrator
        self.groups = groups
        self.principal = principal ?? .user(uid)
        self.attempt = attempt
        self.isBridge = isBridge
        self.grants = grants
        reachesOthers = isAdministrator && self.principal == .user(uid)
    }

    /// A task, through the door of one of its attempts. It has none of the rights of its user, of groups or of administrators.
    public static func task(_ id: Int64, attempt: Int, uid: UInt32) -> Requester {
        Requester(uid: uid, isAdministrator: false, principal: .task(id), attempt: attempt)
    }

    /// Who asks, as far as this one request goes.
    public func admitted(to call: Call) throws(WireError) -> Requester {
        var asker = try speaking(for: (call.parameters as? any ActionParameters)?.subject)
        try asker.check(call.method)
        asker.reachesOthers =
            asker.isAdministrator && asker.principal == .user(uid)
            || !asker.isTask && asker.grants.contains(call.method.name)
        return asker
    }

    /// A bridge as the one for whom it asks: it gives up its own rights, and keeps only what was granted to it.
    public func speaking(for subject: String?, path: String? = nil) throws(WireError) -> Requester {
        guard let subject else { return self }
        try SpecRules.check(subject, "subject", path)
        guard isBridge else {
            throw WireError(
                .forbidden,
                "uid \(uid) may not ask for somebody else: only the users that [access] bridges names may give a \"subject\"",
                field: SpecRules.field("subject", path))
        }
        var asker = self
        (asker.principal, asker.isAdministrator, asker.reachesOthers) = (.subject(bridge: uid, name: subject), false, false)
        return asker
    }

    /// Whether it came through the door of a task.
    public var isTask: Bool { principal.task != nil }

    /// Whether a task is its own. A bridge that asks for nobody owns all that it has submitted.
    func owns(_ task: TaskItem) -> Bool {
        principal == task.definition.owner || principal == .user(task.definition.submitter)
    }

    /// Whether somebody like this may call a method at all. This is the only place that decides it, by what the method says of itself;
    /// which tasks they may change is decided where the tasks are looked up.
    public func check(_ method: some MethodDescriptor) throws(WireError) {
        if isTask, method.door == .never {
            throw WireError(.forbidden, "a task may not call \(method.name)")
        }
        if method.door == .itself, !isTask {
            throw WireError(.forbidden, "only a task may call \(method.name), through its own door (ORCHD_SOCKET)")
        }
        let isAdministrator = isAdministrator && principal == .user(uid)
        if let action = method.administration, !isAdministrator, !(method.isGrantable && grants.contains(method.name)) {
            throw WireError(
                .forbidden, "only admins may \(action): root, the daemon's own user, and members of an admin group")
        }
    }
}

/// As whom somebody asks.
public enum Principal: Sendable, Hashable {
    case user(UInt32)
    /// A task, through a door of its own: it never has more rights than its user, and no administrator's.
    case task(Int64)
    /// Somebody of whom a bridge says the name.
    case subject(bridge: UInt32, name: String)

    /// The task that it is; nil for people.
    public var task: Int64? { if case .task(let id) = self { id } else { nil } }
}

extension Principal: CustomStringConvertible {
    /// As a sentence calls it. A subject is in quotes, so that it cannot pass for anybody else.
    public var description: String {
        switch self {
        case .user(let uid): "uid \(uid)"
        case .task(let id): "task \(id)"
        case .subject(let bridge, let name): "\"\(name)\" of uid \(bridge)"
        }
    }
}

/// Brings an answer back to the request it belongs to.
public struct ReplyToken: Sendable, Hashable {
    public var number: UInt64
    public init(_ number: UInt64) { self.number = number }
}

/// A request that changes something.
public struct Command: Sendable, Equatable {
    public let call: Call
    /// What is wrong with some of the directories that a submission names, which only somebody who does I/O can know.
    public let unusable: [ByteString: String]

    public init(_ call: Call, unusable: [ByteString: String] = [:]) {
        self.call = call
        self.unusable = unusable
    }
}

/// What the supervisor says is there, when the engine has connected to it.
public struct Inventory: Sendable, Equatable {
    /// Tells the connections of one engine apart.
    public var connection: UInt64 = 0
    public var store: UInt64
    public var heardUpTo: Int64
    /// The connections before it did not last: it is not news until it holds.
    public var isQuiet = false
    public var waiting: [Int64] = []
    public var started: [StartReport] = []
    public var ended: [AttemptEnd] = []
    /// The warm workers that can be talked to, with or without a task.
    public var channels: Set<Int64> = []
}

extension Inventory {
    public init(connection: UInt64 = 0, store: UInt64, heardUpTo: Int64) {
        self.init(connection: connection, store: store, heardUpTo: heardUpTo, isQuiet: false)
    }
}

/// What is left to do of a command.
public enum Rest: Sendable, Equatable {
    /// To cancel the tasks after this one; `count` have been cancelled.
    case cancel(after: Int64, count: Int)
    /// To forget these tasks.
    case remove([Int64], done: TasksChanged)
}

/// Something that happened since the last turn.
public enum Input: Sendable, Equatable {
    case command(Command, by: Requester, reply: ReplyToken)
    /// The rest of a command that is too large for one turn.
    case continued(Command, Rest, by: Requester, reply: ReplyToken)
    /// Comes before the pools that it is in force with.
    case ruled(Rules)
    case configured([PoolSettings])
    /// The rest of the tasks that new rules may have for another lane.
    case reclassify(after: Int64, by: Int64)
    /// Something about the daemon as a whole that belongs among the events; the answer comes when it is on the disk.
    case announced(Event.Kind, detail: String?, reply: ReplyToken?)
    case connected(Inventory)
    case disconnected
    /// The connection has lasted for a while.
    case connectionHolds
    case started(StartReport)
    case ended(AttemptEnd)
    case revoked(attempt: Int64, accepted: Bool)
    /// A warm worker has sent something; its bytes are kept until `Effect.received`.
    case worker(Int64, [WorkerNews], bytes: Int)
    /// The answer to `Effect.checkOutput`: when the attempt last wrote output, and when that was looked at, on the monotonic clock.
    case outputSeen(attempt: Int64, last: Int64, lookedAt: Int64)
    case outputLimitReached(attempt: Int64)
    /// The output of an agent holds its whole result, and nothing was added to it for a while.
    case resultSeen(attempt: Int64)
    /// At the door of an attempt of a task, which has this number, more requests wait than before, by `change`, or fewer.
    case waits(task: Int64, attempt: Int, for: WaitCause, change: Int)
    /// The real-time clock was set, by this number of milliseconds.
    case clockStepped(by: Int64)
    /// Time to forget old tasks: those that finished before this time, and all beyond this number of the newest.
    case retire(before: Int64, keep: Int)

    /// Whether somebody is waiting for an answer to it.
    public var reply: ReplyToken? {
        switch self {
        case .command(_, _, let reply), .continued(_, _, _, let reply): reply
        case .announced(_, _, let reply): reply
        default: nil
        }
    }
}
