import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// What people may have forgotten, and what not.
@Suite struct RemovalTests {
    /// A task that has ended.
    private func ended(_ rig: Rig, by requester: Requester = Rig.alice, _ how: AttemptEnd.Ending = .exited(0)) throws -> Int64 {
        let id = try rig.submit(.command(), by: requester)
        let attempt = try rig.live(of: id).id
        try rig.start(attempt)
        try rig.end(attempt, how)
        return id
    }

    private func removed(_ ids: [Int64], _ states: [TaskState], count: Int? = nil) -> Reply {
        .changed(TasksChanged(tasks: zip(ids, states).map { .init(id: $0, state: $1) }, count: count))
    }

    @Test func tasksThatHaveEndedGoWithEverything() throws {
        let rig = try Rig()
        let ids = try [ended(rig), ended(rig, .exited(1))]
        let input = rig.request(.remove(ids), by: Rig.alice)
        let turn = try rig.turn(input)
        #expect(turn.reply(to: input) == removed(ids, [.succeeded, .failed]))
        #expect(turn.discarded == ids)
        #expect(try ids.allSatisfy { try !rig.exists($0) })
        let event = turn.events.first { $0.kind == .tasksRemoved }
        #expect(event?.detail == "2 tasks" && event?.by == "uid 1000")
        #expect(try rig.refusal(.remove(ids), by: Rig.alice).kind == .notFound)
    }

    @Test func nothingThatHasNotEndedGoes() throws {
        let rig = try Rig(slots: 1)
        let final = try ended(rig)
        let running = try rig.begun()
        let queued = try rig.submit(.command())
        let held = try rig.submit(.command { $0.hold = true })
        for (id, word) in [(running, "is running"), (queued, "is queued"), (held, "is held")] {
            // All or none.
            let refusal = try rig.refusal(.remove([final, id]), by: Rig.alice)
            #expect(refusal.kind == .invalidState)
            #expect(refusal.message == "task \(id) \(word); only a task that has ended can be removed")
        }
        #expect(try rig.exists(final))
        #expect(try rig.ask(.remove([final, running, queued, held, 99], lenient: true)) == removed([final], [.succeeded]))
        #expect(try [running, queued, held].allSatisfy { try rig.exists($0) } && !rig.exists(final))
    }

    @Test func onlyThoseWhoMayChangeATaskMayRemoveIt() throws {
        let rig = try Rig()
        let (hers, his) = try (ended(rig), ended(rig, by: Rig.bob))
        #expect(try rig.refusal(.remove([hers, his]), by: Rig.alice).kind == .forbidden)
        #expect(try rig.ask(.remove([his, hers], lenient: true), by: Rig.alice) == removed([hers], [.succeeded]))
        #expect(try rig.exists(his))
        #expect(try rig.ask(.remove([his]), by: Rig.admin) == removed([his], [.succeeded]))
    }

    /// A tree goes as a whole, when all of it has ended.
    @Test func neitherPartOfATreeGoesBeforeTheOther() throws {
        let rig = try Rig(pools: TreeTests.pools(SpawnRules(pools: ["work"], children: 1000, detach: true)))
        let spec = TaskSpec.command("true") { $0.pool = "work" }
        let lead = try rig.running(.command("true") { $0.pool = "lead" })
        let child = try rig.begin(rig.submit(spec, by: lead.door))
        let detached = try rig.submit(.command("true") { ($0.pool, $0.detach, $0.hold) = ("work", true, true) }, by: lead.door)
        try rig.end(child.attempt, .exited(0))
        for id in [lead.id, child.id] { #expect(try rig.refusal(.remove([id])).kind == .invalidState) }
        try rig.end(lead.attempt, .exited(0))
        #expect(
            try rig.refusal(.remove([lead.id])).message == "task \(lead.id) cannot be removed: 1 task below it has not ended")
        try rig.ask(.cancel(CancelParameters(ids: [detached])))
        #expect(
            try rig.refusal(.remove([child.id])).message
                == "task \(child.id) belongs to the tree of task \(lead.id), and is removed with that task only")
        #expect(try rig.ask(.remove([lead.id])) == removed([lead.id], [.succeeded], count: 3))
        #expect(try [lead.id, child.id, detached].allSatisfy { try !rig.exists($0) })
    }

    /// Thousands do not keep the others waiting, and one that is retried meanwhile stays.
    @Test func manyGoInStrides() throws {
        let rig = try Rig(slots: 0)
        let ids = try rig.submit(many: (0..<1000).map { _ in .command { $0.hold = true } })
        try rig.ask(.cancel(CancelParameters(ids: ids)))
        let input = rig.request(.remove(ids).keyed("k"), by: Rig.alice)
        var turn = try rig.turn(input)
        #expect(turn.discarded.count == 200 && turn.reply(to: input) == nil)
        let kept = ids[700]
        try rig.ask(.retry([kept]))
        while !turn.again.isEmpty { turn = try rig.turn(turn.again) }
        let gone = ids.filter { $0 != kept }
        let reply = removed(gone, gone.map { _ in .cancelled })
        #expect(turn.reply(to: input) == reply)
        #expect(try rig.exists(kept) && !rig.exists(ids[999]))
        #expect(turn.events.filter { $0.kind == .tasksRemoved }.map(\.detail) == ["999 tasks"])
        // Whoever has lost the answer gets it again.
        #expect(try rig.ask(.remove(ids).keyed("k"), by: Rig.alice) == reply)
    }

    /// A lenient request does what it can, for each method that takes ids.
    @Test func aLenientRequestLeavesOutWhatDoesNotFit() throws {
        let rig = try Rig(slots: 1)
        let failed = try ended(rig, .exited(1))
        let running = try rig.begun()
        let queued = try rig.submit(.command())
        let held = try rig.submit(.command { $0.hold = true })
        let others = try rig.submit(.command { $0.hold = true }, by: Rig.bob)
        let ids = [failed, running, queued, held, others, 99]
        func ask<P: TaskIDs & MethodParameters>(
            _ method: OrchProtocol.Method<P, TasksChanged>, _ parameters: P
        ) throws -> [Int64] {
            #expect(throws: (any Error).self) {
                guard case .failed(let error) = try rig.ask(Command(Call(method, parameters)), by: Rig.alice) else { return }
                throw error
            }
            var lenient = parameters
            lenient.lenient = true
            guard case .changed(let it) = try rig.ask(Command(Call(method, lenient)), by: Rig.alice) else { return [] }
            return it.tasks.map(\.id)
        }
        #expect(try ask(.hold, TaskSelection(ids: ids)) == [queued, held])
        #expect(try ask(.release, TaskSelection(ids: ids)) == [queued, held])
        #expect(try ask(.pause, TaskSelection(ids: ids)) == [running, queued, held])
        #expect(try ask(.resume, TaskSelection(ids: ids)) == [running, queued, held])
        #expect(try ask(.retry, RetryParameters(ids: ids)) == [failed])
        #expect(try ask(.remove, TaskSelection(ids: ids)) == [])
        var cancel = CancelParameters(ids: ids)
        #expect(try rig.refusal(.cancel(cancel), by: Rig.alice).kind == .forbidden)
        cancel.lenient = true
        guard case .changed(let it) = try rig.ask(.cancel(cancel), by: Rig.alice) else { return }
        #expect(it.tasks.map(\.id) == [failed, running, queued, held])
    }
}
