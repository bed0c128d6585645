import GRDB
import OrchProtocol
import Scheduling

/// How an attempt is written to its row and read back. Each column is named once, here.
enum AttemptColumns {
    typealias Column = Storage.Column<Attempt>

    private static let id = Column("id", { $0.id }) { $0.id = try $1.next() }

    /// What stays as it was dispatched.
    private static let fixed: [Column] = [
        Column("task", { $0.task }) { $0.task = try $1.next() },
        Column("number", { $0.number }) { $0.number = try $1.next() },
        Column("pool", { $0.pool }) { $0.pool = try $1.next() },
        Column("dispatched_at", { $0.dispatchedAt }) { $0.dispatchedAt = try $1.next() },
        Column("agent", { $0.agent }) { $0.agent = try $1.optional() },
    ]

    private static let state = Column("state", { $0.state.rawValue }) { $0.state = try $1.raw() }

    /// What is written whenever an attempt changes.
    static let changing: [Column] = [
        state,
        Column("slot", { $0.slot }) { $0.slot = try $1.optional() },
        Column("pid", { $0.pid }) { $0.pid = try $1.optional() },
        Column("started_at", { $0.startedAt }) { $0.startedAt = try $1.optional() },
        Column("started_monotonic", { $0.startedMonotonic }) { $0.startedMonotonic = try $1.optional() },
        Column("wake_at", { $0.wakeAt }) { $0.wakeAt = try $1.optional() },
        Column("stopping", { $0.stopping?.rawValue }) { $0.stopping = try $1.optionalRaw() },
        Column("ended_at", { $0.endedAt }) { $0.endedAt = try $1.optional() },
        Column("outcome", { $0.outcome?.kind.rawValue }) {
            $0.outcome = try $1.optional(String.self).flatMap(Outcome.Kind.init(rawValue:)).map { Outcome($0) }
        },
        Column("code", { $0.outcome?.code }) {
            let code: Int? = try $1.optional()
            $0.outcome?.code = code
        },
        Column("failure", { $0.outcome?.failure?.rawValue }) {
            let failure = try $1.optional(String.self).map(FailureKind.init)
            $0.outcome?.failure = failure
        },
        Column("reason", { $0.reason }) { $0.reason = try $1.optional() },
        Column("cpu_user", { $0.cpuUser }) { $0.cpuUser = try $1.optional() },
        Column("cpu_system", { $0.cpuSystem }) { $0.cpuSystem = try $1.optional() },
        Column("peak_memory", { $0.peakMemory }) { $0.peakMemory = try $1.optional() },
        Column("tokens_in", { $0.usage?.tokensIn }) { use(try $1.optional(), \.tokensIn, &$0) },
        Column("tokens_out", { $0.usage?.tokensOut }) { use(try $1.optional(), \.tokensOut, &$0) },
        Column("tokens_cached", { $0.usage?.tokensCached }) { use(try $1.optional(), \.tokensCached, &$0) },
        Column("cost", { $0.usage?.cost }) { use(try $1.optional(), \.cost, &$0) },
        Column("handover", { $0.delivery?.rawValue }) { $0.delivery = try $1.optionalRaw() },
        Column("pauses", { try $0.pauses.map(JSONColumn.text) }) {
            $0.pauses = try $1.optional(String.self).map { try JSONColumn.read($0, "pauses that are not JSON") }
        },
        Column("measures", { try $0.measures.map(JSONColumn.text) }) {
            $0.measures = try $1.optional(String.self).map { try JSONColumn.read($0, "measures that are not JSON") }
        },
    ]

    /// What is known of one when it is dispatched.
    static let dispatched = fixed + [state]
    static let columns = [id] + fixed + changing
    static let all = columns.map { "attempt.\($0.name)" }.joined(separator: ", ")
    static let selectByID = "SELECT \(all) FROM attempt WHERE id = ?"
    static let update = Column.update(changing, of: "attempt")
    static let insert = Column.insert(columns, into: "attempt")
    /// It gets its id then.
    static let dispatch = Column.insert(dispatched, into: "attempt")

    static func read(_ row: inout Columns) throws -> Attempt {
        var attempt = Attempt(id: 0, task: 0, number: 0, pool: "", state: .ended, dispatchedAt: 0)
        for column in columns { try column.read(&attempt, &row) }
        return attempt
    }

    /// An attempt that tells nothing has no usage, instead of an empty one.
    private static func use(_ amount: Int64?, _ path: WritableKeyPath<Usage, Int64?>, _ attempt: inout Attempt) {
        guard let amount else { return }
        var usage = attempt.usage ?? Usage()
        usage[keyPath: path] = amount
        attempt.usage = usage
    }
}
