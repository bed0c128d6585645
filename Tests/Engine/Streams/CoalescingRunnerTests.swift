import Synchronization
import Testing

@testable import Engine

/// After each signal a run begins, and no two runs are at once or wait: held for all ways in which signals, runs and their ends
/// can follow each other, some steps long.
@Suite struct CoalescingRunnerTests {
    private final class Counter: Sendable {
        let runs = Mutex<[ReaderPool.Body]>([])
        let begun = Mutex(0)

        func runner() -> CoalescingRunner {
            CoalescingRunner(readers: ReaderPool { body in self.runs.withLock { $0.append(body) } }) { _ in
                self.begun.withLock { $0 += 1 }
            }
        }
    }

    private enum Step: CaseIterable { case signal, begin, finish, finishAgain }

    @Test func everySignalIsFollowedByARun() throws {
        let length = 7
        for code in 0..<(1 << (2 * length)) {
            let steps = (0..<length).map { Step.allCases[(code >> (2 * $0)) & 3] }
            try check(steps)
        }
    }

    /// Plays the steps that make sense where they stand, and then all that is left to do.
    private func check(_ steps: [Step]) throws {
        let counter = Counter()
        let runner = counter.runner()
        var isRunning = false
        // Whether a run must still begin.
        var isOwed = false

        func play(_ step: Step) throws {
            switch step {
            case .signal:
                runner.signal()
                isOwed = true
            case .begin:
                guard !isRunning, let run = counter.runs.withLock({ $0.popLast() }) else { return }
                isOwed = false
                isRunning = true
                run()
            case .finish, .finishAgain:
                guard isRunning else { return }
                isRunning = false
                isOwed = isOwed || step == .finishAgain
                runner.finished(again: step == .finishAgain)
            }
            let waiting = counter.runs.withLock { $0.count }
            // One more than is owed costs a look at nothing.
            try #require(
                waiting <= (isRunning ? 0 : 1) && waiting >= (isOwed && !isRunning ? 1 : 0), "after \(step) of \(steps)")
        }

        for step in steps { try play(step) }
        for _ in 0..<3 {
            try play(.finish)
            try play(.begin)
        }
        try play(.finish)
        try #require(counter.runs.withLock { $0.isEmpty }, "\(steps)")
        try #require(!isOwed, "\(steps)")
    }

    @Test func nothingRunsAfterTheEnd() {
        let counter = Counter()
        let runner = counter.runner()
        runner.end()
        runner.signal()
        runner.finished(again: true)
        #expect(counter.runs.withLock { $0.isEmpty })
    }
}
