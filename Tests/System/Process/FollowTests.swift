import Foundation
import Glibc
import LiveModel
import OrchClient
import OrchProtocol
import Synchronization
import TestSupport
import Testing

/// What is there, from a snapshot and the events since, against what a real daemon lists.
@Suite(.timeLimit(.minutes(2))) struct FollowSystemTests {
    @Test(arguments: [1, 2] as [UInt64]) func theModelIsWhatTheDaemonLists(_ seed: UInt64) async throws {
        let daemon = try Daemon(workers: 3)
        var random = SeededGenerator(seed)
        var ids: [Int64] = []
        var model = try snapshot(daemon)
        let follow = try Follow(path: daemon.socket, after: model.last)
        let updates = Collected()
        let collector = Task { for await batch in follow { updates.add(batch) } }
        for round in 0..<60 {
            try act(daemon, &ids, &random)
            if round == 30 { try daemon.killEngine() }
        }
        // Everything that happens on its own has an end, so the two meet. Other tests wait on the threads that concurrency shares, so
        // this one must not.
        let deadline = ContinuousClock.now + .seconds(patience)
        var different = ["not compared yet"]
        while !different.isEmpty, ContinuousClock.now < deadline {
            for update in updates.take() {
                switch update {
                case .event(let event): model.apply(event)
                case .gap: Issue.record("a gap")
                case .connected, .disconnected: break
                }
            }
            different = try differences(model, daemon)
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(different == [])
        follow.stop()
        await collector.value
        for id in model.tasks.keys { _ = try? daemon.call(.cancel, CancelParameters(ids: [id])) }
        try daemon.finish()
    }

    private func snapshot(_ daemon: Daemon) throws -> LiveModel {
        var model = LiveModel(try daemon.status())
        model.load(try listed(daemon))
        return model
    }

    private func listed(_ daemon: Daemon) throws -> [TaskRecord] {
        var parameters = ListParameters()
        parameters.states = [.queued, .running]
        parameters.limit = 1000
        return try daemon.call(.list, parameters).tasks
    }

    private func differences(_ model: LiveModel, _ daemon: Daemon) throws -> [String] {
        let records = try listed(daemon)
        var expected = LiveModel()
        expected.load(records)
        var differences = Set(model.tasks.keys).symmetricDifference(expected.tasks.keys).map { "\($0)" }
        for (id, task) in expected.tasks {
            guard let other = model.tasks[id] else { continue }
            if other.state != task.state || other.isPaused != task.isPaused
                || other.attempt != task.attempt || model.worker(of: other) != expected.worker(of: task)
                || model.pool(of: other) != expected.pool(of: task)
            {
                differences.append("\(id): \(other) is not \(task)")
            }
        }
        return differences
    }

    /// One thing that a person does, allowed or not.
    private func act(_ daemon: Daemon, _ ids: inout [Int64], _ random: inout SeededGenerator) throws {
        let one = ids.randomElement(using: &random).map { [$0] } ?? []
        let calls: [Call] = [
            Call(.hold, TaskSelection(ids: one)), Call(.release, TaskSelection(ids: one)),
            Call(.pause, TaskSelection(ids: one)),
            Call(.resume, TaskSelection(ids: one)), Call(.cancel, CancelParameters(ids: one)),
            Call(.retry, RetryParameters(ids: one)),
        ]
        guard !one.isEmpty, random.chance(60), let call = calls.randomElement(using: &random) else {
            let isLong = random.chance(30)
            let hold = random.chance(20)
            ids.append(try daemon.submit("sleep", isLong ? "1000" : "0.01") { $0.hold = hold })
            return
        }
        let connection = try daemon.connect()
        do { _ = try connection.answer(to: connection.send(call)) } catch is WireError {}
    }

    private final class Collected: Sendable {
        private let updates = Mutex<[Follow.Update]>([])
        func add(_ batch: [Follow.Update]) { updates.withLock { $0 += batch } }
        func take() -> [Follow.Update] {
            updates.withLock { all in
                defer { all = [] }
                return all
            }
        }
    }
}
