import FoundationEssentials

/// What a submitter can ask for beside the work itself: the only list of the options of a task.
///
/// A ``TaskSpec`` asks with it, the scheduler keeps it, and a ``TaskRecord`` shows it. In JSON its members stand among those of the object
/// that has it. To add an option: a property, and its line in ``members``.
public struct TaskOptions: MemberCoded, Sendable, Equatable {
    public var name: String?
    /// A remark for people; at most 4096 bytes.
    public var comment: String?
    public var labels: [String: String]?
    /// Higher runs earlier. From -1 000 000 to 1 000 000; 0 where not given.
    public var priority: Int?
    /// An idempotency key: a second task with the same key is not made; the first one's id is answered.
    public var key: String?
    public var model: String?
    public var thinking: ThinkingLevel?
    /// Capabilities that its pool or worker must offer, all of them.
    public var needs: [String]?
    /// What its attempts may use at most; as its pool says where not given, and never more than its pool allows.
    public var resources: ResourceLimits?
    /// What it may do through its door; as `[spawn]` of its pool says where not given, and never more than that.
    public var scope: TaskScope?
    /// The longest an attempt may run, in seconds.
    public var timeout: Double?
    /// The longest an attempt may go without writing output, in seconds.
    public var idleTimeout: Double?
    /// How often the task may be tried again after a failure that `retryOn` lists; as its pool says where not given.
    public var retries: Int?
    /// Which outcomes are worth another attempt; exit, timeout, signal and lost where not given.
    public var retryOn: [RetryCause]?
    /// The wait before the first retry, in seconds; it doubles with each, and is spread by up to a quarter either way.
    public var retryDelay: Double?
    /// The task is given up if it has not started by this time.
    public var expires: Timestamp?

    static let members: [Member<TaskOptions>] = [
        Member("name", \.name), Member("comment", \.comment), Member("labels", \.labels), Member("priority", \.priority),
        Member("key", \.key), Member("model", \.model), Member("thinking", \.thinking), Member("needs", \.needs),
        Member("resources", \.resources), Member("scope", \.scope), Member("timeout", \.timeout),
        Member("idle_timeout", \.idleTimeout),
        Member("retries", \.retries), Member("retry_on", \.retryOn), Member("retry_delay", \.retryDelay),
        Member("expires", \.expires),
    ]
    static let byName = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0) })
    /// The options that `task.update` can change.
    static let changeable = ["name", "comment", "priority", "timeout", "retries"].compactMap { byName[$0] }
    /// What a record may show; it always has ``priority``, ``retries`` and ``retryOn``, and does not tell ``retryDelay``.
    static let recorded = members.filter { !["priority", "retries", "retry_on", "retry_delay"].contains($0.name) }

    public init() {}
    public init(from decoder: any Decoder) throws { try read(from: decoder) }
    public func encode(to encoder: any Encoder) throws { try write(to: encoder) }

    /// Bytes of what may be long in it, roughly.
    public var size: Int {
        (comment?.utf8.count ?? 0) + (labels?.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } ?? 0)
    }

    /// What is empty is not kept.
    public mutating func dropEmpty() {
        if comment?.isEmpty ?? false { comment = nil }
        if labels?.isEmpty ?? false { labels = nil }
        if needs?.isEmpty ?? false { needs = nil }
        if resources?.isEmpty ?? false { resources = nil }
        if scope?.isEmpty ?? false { scope = nil }
    }

    /// Takes what a change gives of ``changeable``.
    public mutating func take(_ change: TaskOptions) {
        name = change.name ?? name
        comment = change.comment ?? comment
        priority = change.priority ?? priority
        timeout = change.timeout ?? timeout
        retries = change.retries ?? retries
        dropEmpty()
    }
}

/// What has the options of a task: in Swift, as in JSON, they are members among its own.
@dynamicMemberLookup
public protocol HasTaskOptions {
    var options: TaskOptions { get set }
}

extension HasTaskOptions {
    @inlinable
    public subscript<Value>(dynamicMember path: WritableKeyPath<TaskOptions, Value>) -> Value {
        get { options[keyPath: path] }
        set { options[keyPath: path] = newValue }
    }
}

/// How hard an agent is to think. What each level means to a program, its definition says.
public enum ThinkingLevel: String, ClosedEnum, Sendable {
    case off, minimal, low, medium, high, xhigh
}

/// Outcomes of an attempt that a task may name in `retry_on`.
public enum RetryCause: String, ClosedEnum, Sendable {
    /// The program ended with an exit status other than 0, or without the result its agent owes.
    case exit
    /// The run or the idle timeout ended it.
    case timeout
    /// A signal ended it that orchd did not send, the kernel's for lack of memory included.
    case signal
    /// The supervisor or the machine went down while it ran.
    case lost
    /// It wrote more output than allowed.
    case output
    /// It could not be started at all.
    case spawn
}
