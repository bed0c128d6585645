import Engine
import OrchProtocol
import Scheduling
import Storage
import TestSupport

/// What people are shown: `get`, `list`, its filters and the counts of `status` say the same of each task, and what they call queued can be
/// changed.
extension World {
    /// Looks at the rows as they are after a commit; in one of some, since it is most of the cost of a life.
    func checkViews() throws {
        guard let engine, disk.commits != viewedAt else { return }
        viewedAt = disk.commits
        // A look at hundreds of tasks costs as much as a hundred looks at a few.
        guard viewing.chance(isWide ? 1 : 4) else { return }
        let queries = engine.core.queries(hasSupervisor: true)
        let all = try list(queries)
        let ids = Set(all.map(\.id))
        violations.require(ids == Set(ledger.tasks.keys), "the list shows \(ids.count) of \(ledger.tasks.count) tasks")
        for record in all { try check(record, queries) }
        try checkFilters(all, queries)
        checkCounts(all, try queries.pools().pools)
        for record in all.filter({ !$0.state.isFinal }).shuffled(using: &viewing).prefix(2) { try tryVerbs(on: record) }
    }

    private func list(_ queries: Queries, _ fill: (inout ListParameters) -> Void = { _ in }) throws -> [TaskRecord] {
        var parameters = ListParameters()
        parameters.limit = 1_000
        fill(&parameters)
        var tasks: [TaskRecord] = []
        repeat {
            let page = try queries.list(parameters)
            tasks += page.tasks
            parameters.cursor = page.nextCursor
        } while parameters.cursor != nil
        return tasks
    }

    private func check(_ record: TaskRecord, _ queries: Queries) throws {
        violations.require(
            record.state == ledger.standing(of: record.id),
            "task \(record.id) is listed as \(record.state.rawValue), and is \(ledger.standing(of: record.id).rawValue)")
        violations.require(
            (record.state == .queued) == (record.waiting != nil),
            "task \(record.id) is \(record.state.rawValue), and waits for \(record.waiting?.rawValue ?? "nothing")")
        violations.require(
            record.attemptCount == ledger.starts(of: record.id),
            "task \(record.id) counts \(record.attemptCount) tries, and was tried \(ledger.starts(of: record.id)) times")
        let row = ledger.tasks[record.id]
        violations.require(
            row.flatMap { $0.phase.isQueued ? $0.dueAt : nil } == record.dueAt?.milliseconds,
            "task \(record.id) is due at \(row?.dueAt ?? 0), and is shown to be at \(record.dueAt?.milliseconds ?? 0)")
        violations.require(
            record.waiting == nil || record.reason != nil, "task \(record.id) waits, and nobody says why")
        guard viewing.chance(20) else { return }
        var whole = try queries.get(GetParameters(id: record.id))
        violations.require(
            !whole.attempts.contains { $0.state == .dispatched },
            "task \(record.id) shows an attempt that has only been ordered")
        whole.attempts = whole.attempts.suffix(1)
        var listed = record
        listed.attempts = record.attempts.map {
            var it = $0; (it.files, it.leftBehind) = (nil, nil); return it
        }
        whole.attempts = whole.attempts.map {
            var it = $0; (it.files, it.leftBehind) = (nil, nil); return it
        }
        violations.require(
            whole == listed, "task \(record.id) is \(whole.standing.rawValue) alone and \(listed.standing.rawValue) in the list"
        )
    }

    /// Each word selects the tasks that it should, and the states share all of them out.
    private func checkFilters(_ all: [TaskRecord], _ queries: Queries) throws {
        var words = StateFilter.allCases.map { [$0] }
        words.append((0..<3).compactMap { _ in StateFilter.allCases.randomElement(using: &viewing) })
        words.append([.queued, .running, .failed, .held])
        for filters in words {
            let found = try list(queries) { $0.states = filters }.map(\.id)
            let expected = all.filter { record in filters.contains { record.matches($0) } }.map(\.id)
            let text = filters.map(\.rawValue).joined(separator: ",")
            violations.require(found == expected, "\(text) finds \(found), and should find \(expected)")
        }
    }

    private func checkCounts(_ all: [TaskRecord], _ pools: [PoolRecord]) {
        for pool in pools {
            let its = all.filter { $0.pool == pool.name }
            func waiting(_ reason: WaitReason) -> Int { its.count { $0.state == .queued && $0.waiting == reason } }
            func state(_ state: TaskState) -> Int { its.count { $0.state == state } }
            var counts = TaskCounts()
            for reason in WaitReason.allCases { counts.add(waiting(reason), waiting: reason) }
            counts.running = state(.running)
            counts.succeeded = state(.succeeded)
            counts.failed = state(.failed)
            counts.cancelled = state(.cancelled)
            counts.expired = state(.expired)
            violations.require(counts == pool.counts, "\(pool.name) lists \(counts), and counts \(pool.counts)")
        }
    }

    private var isWide: Bool { plan.pools.contains { $0.name == Plan.widePool } }

    private struct Enough: Error {}

    /// Asks for each change in a turn that is never committed.
    private func tryVerbs(on record: TaskRecord) throws {
        var change = UpdateParameters(id: record.id)
        change.name = "other"
        let isQueued = record.state == .queued && record.stopping == nil
        // One that a warm worker is just getting, or has finished with, cannot be paused although it runs.
        let mayPause: Bool? = [.running, .paused].contains(record.standing) && !isQueued ? nil : isQueued
        let verbs: [(Command, Bool?)] = [
            (.hold([record.id]), isQueued), (.update(change), isQueued), (.cancel(CancelParameters(ids: [record.id])), true),
            (.pause([record.id]), mayPause),
        ]
        for (command, expected) in verbs {
            guard let expected else { continue }
            var error: WireError?
            do {
                try disk.store.transaction { transaction in
                    var scheduler = SchedulerState()
                    let reply = ReplyToken(1)
                    let input = Input.command(
                        command, by: Requester(uid: record.submitter, isAdministrator: false), reply: reply)
                    let turn = try scheduler.turn([input], in: transaction, now: clock.now)
                    for case .reply(reply, .failed(let why)) in turn.effects { error = why }
                    throw Enough()
                }
            } catch is Enough {}
            violations.require(
                (error == nil) == expected,
                "task \(record.id) is shown as \(record.standing.rawValue), and \(command) is \(error.map { "refused: \($0.message)" } ?? "done")"
            )
        }
    }
}
