import GRDB
import OrchProtocol
import Scheduling

/// How an attempt is written to its row and read back.
enum AttemptColumns {
    static let all = """
        attempt.id, attempt.task, attempt.number, attempt.pool, attempt.state, attempt.dispatched_at, attempt.agent, \
        attempt.slot, attempt.pid, attempt.started_at, attempt.started_monotonic, attempt.wake_at, attempt.stopping, attempt.ended_at, \
        attempt.outcome, attempt.code, attempt.reason, attempt.cpu_user, attempt.cpu_system, attempt.peak_memory, \
        attempt.failure, attempt.tokens_in, attempt.tokens_out, attempt.tokens_cached, attempt.cost, \
        attempt.delivery, attempt.pauses, attempt.measures
        """
    static let selectByID = "SELECT \(all) FROM attempt WHERE id = ?"
    static let update = """
        UPDATE attempt SET state = ?, slot = ?, pid = ?, started_at = ?, started_monotonic = ?, wake_at = ?, stopping = ?, \
        ended_at = ?, outcome = ?, code = ?, reason = ?, cpu_user = ?, cpu_system = ?, peak_memory = ?, \
        failure = ?, tokens_in = ?, tokens_out = ?, tokens_cached = ?, cost = ?, delivery = ?, pauses = ?, measures = ? WHERE id = ?
        """

    static let insert = """
        INSERT INTO attempt (state, slot, pid, started_at, started_monotonic, wake_at, stopping, ended_at, outcome, code, \
        reason, cpu_user, cpu_system, peak_memory, failure, tokens_in, tokens_out, tokens_cached, cost, delivery, pauses, measures, id, task, \
        number, pool, dispatched_at, agent) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    static func values(of attempt: Attempt) throws -> [(any SQLValue)?] {
        [
            attempt.state.rawValue, attempt.slot, attempt.pid, attempt.startedAt, attempt.startedMonotonic,
            attempt.wakeAt, attempt.stopping?.rawValue, attempt.endedAt, attempt.outcome?.kind.rawValue,
            attempt.outcome?.code, attempt.reason, attempt.cpuUser, attempt.cpuSystem, attempt.peakMemory,
            attempt.outcome?.failure?.rawValue, attempt.usage?.tokensIn, attempt.usage?.tokensOut,
            attempt.usage?.tokensCached, attempt.usage?.cost,
            attempt.delivery?.rawValue, try attempt.pauses.map(JSONColumn.text),
            try attempt.measures.map(JSONColumn.text),
        ]
    }

    static func read(_ columns: inout Columns) throws -> Attempt {
        var attempt = Attempt(
            id: try columns.next(), task: try columns.next(), number: try columns.next(), pool: try columns.next(),
            state: try columns.raw(), dispatchedAt: try columns.next())
        attempt.agent = try columns.optional()
        attempt.slot = try columns.optional()
        attempt.pid = try columns.optional()
        attempt.startedAt = try columns.optional()
        attempt.startedMonotonic = try columns.optional()
        attempt.wakeAt = try columns.optional()
        attempt.stopping = try columns.optionalRaw()
        attempt.endedAt = try columns.optional()
        let kind = try columns.optional(String.self).flatMap(Outcome.Kind.init(rawValue:))
        let code: Int? = try columns.optional()
        attempt.outcome = kind.map { Outcome($0, code: code) }
        attempt.reason = try columns.optional()
        attempt.cpuUser = try columns.optional()
        attempt.cpuSystem = try columns.optional()
        attempt.peakMemory = try columns.optional()
        let failure = try columns.optional(String.self).map(FailureKind.init)
        attempt.outcome?.failure = failure
        let usage = Usage(
            tokensIn: try columns.optional(), tokensOut: try columns.optional(), tokensCached: try columns.optional(),
            cost: try columns.optional())
        if !usage.isEmpty { attempt.usage = usage }
        attempt.delivery = try columns.optionalRaw()
        attempt.pauses = try columns.optional(String.self).map { try JSONColumn.read($0, "pauses that are not JSON") }
        attempt.measures = try columns.optional(String.self).map { try JSONColumn.read($0, "measures that are not JSON") }
        return attempt
    }
}
