import OrchProtocol
import Scheduling
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// Whoever waits is answered by the turn in which the last of the tasks ends, wherever the ends fall between what a wait does.
@Suite struct TaskWaitTests {
    /// Ends one task after the other, each when its number of looks at the store has been made.
    private func wait(endsAtLooks: [Int], isClientSlow: Bool) throws {
        let rig = try StreamRig(isClientSlow: isClientSlow)
        defer { rig.end() }
        let tasks = try endsAtLooks.map { _ in try rig.submit() }
        let left = Mutex(Array(zip(endsAtLooks, tasks)))
        let looks = Mutex(0)
        rig.onLook {
            let look = looks.withLock { looks in
                looks += 1
                return looks
            }
            let due = left.withLock { left in
                defer { left.removeAll { $0.0 <= look } }
                return left.filter { $0.0 <= look }
            }
            for (_, task) in due { try rig.finish(task) }
        }
        var parameters = WaitParameters(ids: tasks)
        parameters.ids += tasks.prefix(1)
        try rig.streams.wait(parameters, rig.responder())
        try rig.settle()
        while let task = left.withLock({ $0.isEmpty ? nil : $0.removeFirst().1 }) {
            try #require(rig.client.answers.isEmpty, "answered before all had ended")
            try rig.finish(task)
            try rig.settle()
        }
        let result = try #require(rig.client.result(WaitResult.self), "\(endsAtLooks): \(rig.client.answers.count) answers")
        #expect(result.tasks.map(\.id) == parameters.ids && result.tasks.allSatisfy { $0.state == .succeeded })
        var told: [Int64] = []
        for case .finished(_, let task) in rig.client.notifications { told.append(task.id) }
        #expect(told.sorted() == tasks, "each is told of once")
    }

    @Test(arguments: [false, true]) func everyEndIsHeardOf(isClientSlow: Bool) throws {
        for first in 1...10 { try wait(endsAtLooks: [first], isClientSlow: isClientSlow) }
        for first in 1...10 {
            for second in 1...10 { try wait(endsAtLooks: [first, second], isClientSlow: isClientSlow) }
        }
    }

    @Test func manyTasksEndAtAnyTime() throws {
        for seed in 0..<100 {
            var random = SeededGenerator(UInt64(seed))
            let count = Int.random(in: 1...6, using: &random)
            try wait(
                endsAtLooks: (0..<count).map { _ in Int.random(in: 1...24, using: &random) }, isClientSlow: random.chance(50))
        }
    }

    /// What is answered, and when: for any and for all, with and without a time, after each end and after the time.
    @Test(arguments: [false, true], [false, true]) func anyAndTheTimeEndAWait(any: Bool, brief: Bool) throws {
        for ends in 0...2 {
            for isTimeOver in [false, true] {
                let rig = try StreamRig()
                defer { rig.end() }
                let tasks = try (0..<2).map { _ in try rig.submit() }
                var parameters = WaitParameters(ids: tasks)
                (parameters.any, parameters.brief, parameters.timeout) = (any, brief, 60)
                try rig.streams.wait(parameters, rig.responder())
                try rig.settle()
                for task in tasks.reversed().prefix(ends) {
                    try rig.finish(task)
                    try rig.settle()
                }
                if isTimeOver { rig.client.timeIsOver() }
                try rig.settle()
                let isOver = any ? ends > 0 : ends == 2
                guard isOver || isTimeOver else {
                    #expect(rig.client.answers.isEmpty)
                    continue
                }
                let result = try #require(rig.client.result(WaitResult.self))
                let told = any ? min(ends, 1) : ends
                #expect(result.tasks.map(\.id) == tasks.suffix(told) && result.timedOut == (isOver ? nil : true))
                #expect(result.tasks.allSatisfy { ($0.status.command == nil) == brief })
                #expect(rig.client.notifications.count == (brief ? 0 : told))
            }
        }
    }

    @Test func noTimeAtAllIsALook() throws {
        let rig = try StreamRig()
        defer { rig.end() }
        let tasks = try (0..<3).map { _ in try rig.submit() }
        try rig.finish(tasks[1])
        var parameters = WaitParameters(ids: tasks)
        parameters.timeout = 0
        try rig.streams.wait(parameters, rig.responder())
        try rig.settle()
        let result = try #require(rig.client.result(WaitResult.self))
        #expect(result.tasks.map(\.id) == [tasks[1]] && result.timedOut == true)
    }
}
