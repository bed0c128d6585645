import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Storage
import SupervisorLink
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// What was followed is the file: every byte of every attempt, once and in order, wherever writes, ends, retries and the end of the
/// task fall between what a follower does.
@Suite struct LogStreamTests {
    /// A task that writes, fails and is tried again, step by step.
    private final class Life: Sendable {
        private struct State {
            var random: SeededGenerator
            var steps: Int
            var live: Attempt?
            var written: [String: [UInt8]] = [:]
            var isOver = false
        }

        let rig: StreamRig
        let task: Int64
        private let state: Mutex<State>

        init(_ rig: StreamRig, steps: Int, _ random: SeededGenerator) throws {
            self.rig = rig
            task = try rig.submit()
            state = Mutex(State(random: random, steps: steps))
        }

        var isOver: Bool { state.withLock { $0.isOver } }
        var written: [String: [UInt8]] { state.withLock { $0.written } }

        /// Makes some steps, or none.
        func maybe() throws {
            while state.withLock({ $0.random.chance(45) }) { try step() }
        }

        func step() throws {
            enum Step { case start, write(OutputFiles.Kind, [UInt8]), end, over, nothing }
            let (step, live) = state.withLock { state -> (Step, Attempt?) in
                guard !state.isOver else { return (.nothing, nil) }
                state.steps -= 1
                guard state.live != nil else { return (.start, nil) }
                let isDone = state.steps <= 0
                if isDone || state.random.chance(20) { return (isDone ? .over : .end, state.live) }
                let kind = state.random.chance(70) ? OutputFiles.Kind.out : .err
                // Once in a while more than a piece of an answer holds.
                let count = state.random.chance(5) ? 70_000 : Int.random(in: 1...20, using: &state.random)
                let first = state.random.byte()
                return (.write(kind, (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }), state.live)
            }
            switch (step, live) {
            case (.start, _): try start()
            case (.write(let kind, let bytes), .some(let attempt)):
                let path = rig.files.path(task: task, attempt: attempt.number, kind)
                let file = try Descriptor(open(path, O_WRONLY | O_APPEND | O_CLOEXEC), "open \(path)")
                #expect(write(file.number, bytes, bytes.count) == bytes.count)
                state.withLock { $0.written["\(attempt.number).\(kind.rawValue)", default: []] += bytes }
                rig.watcher.inspect([OutputFiles.name(task: task, attempt: attempt.number)])
            case (.end, .some(let attempt)): try end(attempt, isLast: false)
            case (.over, .some(let attempt)): try end(attempt, isLast: true)
            default: break
            }
        }

        private func start() throws {
            var begun: Attempt?
            try rig.turn { transaction in
                let number = (try transaction.task(task)?.attempts ?? 0) + 1
                try transaction.change(task) {
                    $0.attempts = number
                    $0.phase = .active
                }
                var attempt = try transaction.insertAttempt(task: task, number: number, pool: "p", agent: nil, dispatchedAt: 1)
                attempt.state = .running
                try transaction.update(attempt, from: .dispatched)
                begun = attempt
                return []
            }
            guard let attempt = begun else { return }
            _ = try rig.files.create(task: task, attempt: attempt.number)
            rig.watcher.begin(
                attempt.id, LiveAttempts.Entry(task: task, number: attempt.number, pool: "p", submitter: 0, outputLimit: .max))
            rig.news.publish([.of(task, .taskStarted)])
            state.withLock { $0.live = attempt }
        }

        private func end(_ attempt: Attempt, isLast: Bool) throws {
            state.withLock {
                $0.live = nil
                $0.isOver = isLast
            }
            try rig.turn { transaction in
                var ended = attempt
                ended.state = .ended
                try transaction.update(ended, from: .running)
                try transaction.change(task) { $0.phase = isLast ? .failed : .ready }
                return [.of(task, isLast ? .taskFinished : .taskRetrying)]
            }
            rig.watcher.end(
                attempt.id, LiveAttempts.Entry(task: task, number: attempt.number, pool: "p", submitter: 0, outputLimit: .max))
        }
    }

    /// What a client has made of the pieces, by attempt and stream.
    private func followed(_ notifications: [OrchProtocol.Notification]) throws -> [String: [UInt8]] {
        var seen: [String: [UInt8]] = [:]
        for case .output(_, let chunk) in notifications {
            let name = "\(chunk.attempt).\(chunk.stream == .stdout ? "out" : "err")"
            let bytes = try #require(
                chunk.text.map { Array($0.utf8) } ?? chunk.base64.flatMap { Data(base64Encoded: $0) }.map(Array.init))
            #expect(chunk.offset == seen[name]?.count ?? 0, "a gap in \(name)")
            seen[name, default: []] += bytes
        }
        return seen
    }

    @Test func whatWasFollowedIsTheFile() throws {
        for seed in 0..<300 {
            var random = SeededGenerator(UInt64(seed))
            let rig = try StreamRig(isClientSlow: random.chance(50))
            defer { rig.end() }
            let life = try Life(rig, steps: Int.random(in: 2...25, using: &random), random)
            // Some followers come before the first attempt, some while one runs.
            if random.chance(50) { for _ in 0..<Int.random(in: 1...4, using: &random) { try life.step() } }
            let before = life.written.keys.compactMap { Int($0.prefix { $0 != "." }) }.max() ?? 0
            rig.onLook { try life.maybe() }
            var parameters = LogsParameters(id: life.task)
            parameters.follow = true
            try rig.streams.logs(parameters, rig.responder())
            try rig.settle()
            while !life.isOver {
                try life.step()
                try rig.settle()
            }
            let end = try #require(rig.client.result(LogsEnd.self), "seed \(seed): \(rig.client.answers.count) answers")
            // It begins with the attempt that was the latest when it came, and has all of that and of those that follow.
            let seen = try followed(rig.client.notifications)
            let number = { (name: String) in Int(name.prefix { $0 != "." }) ?? 0 }
            let first = seen.keys.map(number).min() ?? end.attempt
            #expect(first >= before && seen == life.written.filter { number($0.key) >= first }, "seed \(seed)")
        }
    }
}
