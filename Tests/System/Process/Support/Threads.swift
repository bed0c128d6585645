import Foundation
import Testing

/// Runs tests on threads of their own, because they block: the cooperative threads are for others, and two would be too few.
struct OnThreads: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await withTaskExecutorPreference(Threads.shared) { try await function() }
    }
}

extension Trait where Self == OnThreads {
    /// For tests that start programs and wait for them.
    static var onThreads: Self { Self() }
}

/// A few threads that live as long as the process: as long must the parents of programs live that die with their parent.
private final class Threads: TaskExecutor {
    static let shared = Threads(count: 6)

    private let condition = NSCondition()
    nonisolated(unsafe) private var jobs: [UnownedJob] = []

    private init(count: Int) {
        for _ in 0..<count {
            let thread = Thread { self.work() }
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.lock()
        jobs.append(job)
        condition.signal()
        condition.unlock()
    }

    private func work() {
        while true {
            condition.lock()
            while jobs.isEmpty { condition.wait() }
            let job = jobs.removeFirst()
            condition.unlock()
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
