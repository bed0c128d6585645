import SupervisorLink

/// What really happened on the simulated machine, whatever anybody says or writes about it.
final class GroundTruth {
    struct Process {
        /// Nil for a warm worker that has taken none.
        var task: Int64?
        var pool: String
        var isRunning = true
        /// How it ended; nil while it runs, and for one that went down with its supervisor or the machine.
        var end: EndReport?
        /// The record of its end went down with the machine.
        var isForgotten = false
        var isWorker = false
        /// What a worker said first of how its task ended, if that counts.
        var result: Bool?
        /// It is the program of a rule.
        var ask: RouteBehaviour?
        /// A worker has said what is no message.
        var hasSpokenNonsense = false
        /// Nobody has the other end of its channel any more, so that what it said may be lost.
        var isUnread = false
        /// An agent has said that it has used up its allowance.
        var metLimit = false
        /// What an agent has said that it used, in millionths of a US dollar.
        var cost: Int64 = 0
        /// When it started, and when it last wrote, on the monotonic clock.
        var startedMonotonic: Int64?
        var wroteMonotonic: Int64?
    }

    private let violations: Violations
    private(set) var processes: [Int64: Process] = [:]
    private var runningTasks: Set<Int64> = []
    private(set) var startsOfTask: [Int64: Int] = [:]
    /// The shortest time, in milliseconds, that a task of a pool has been seen to take.
    private(set) var shortest: [String: Int64] = [:]
    private(set) var starts = 0
    /// The tasks for which a program was asked.
    private var asked: Set<Int64> = []
    /// Which attempts of a task workers have taken.
    private var acceptedNumbers: [Int64: Set<Int>] = [:]
    /// How many lines each attempt has written, by its name.
    private(set) var lines: [String: (count: Int, text: String)] = [:]

    init(_ violations: Violations) { self.violations = violations }

    /// - Parameter ask: of the program of a rule, which is no start of the task.
    func started(_ attempt: Int64, task: Int64, pool: String, asking ask: RouteBehaviour?, at monotonic: Int64) {
        violations.require(processes[attempt] == nil, "attempt \(attempt) of task \(task) was started twice")
        violations.require(runningTasks.insert(task).inserted, "task \(task) has two processes at once")
        processes[attempt] = Process(task: task, pool: pool)
        processes[attempt]?.ask = ask
        processes[attempt]?.startedMonotonic = monotonic
        starts += 1
        guard ask != nil else { return startsOfTask[task, default: 0] += 1 }
        violations.require(asked.insert(task).inserted, "the program for task \(task) was started twice")
    }

    func startedWorker(_ attempt: Int64, pool: String) {
        violations.require(processes[attempt] == nil, "worker \(attempt) was started twice")
        processes[attempt] = Process(task: nil, pool: pool, isWorker: true)
        starts += 1
    }

    /// From now on the worker may have done some of the task.
    func accepted(_ attempt: Int64, task: Int64, number: Int) {
        violations.require(processes[attempt]?.task == nil, "worker \(attempt) has taken two tasks")
        violations.require(runningTasks.insert(task).inserted, "task \(task) has two workers at once")
        processes[attempt]?.task = task
        startsOfTask[task, default: 0] += 1
        violations.require(
            acceptedNumbers[task, default: []].insert(number).inserted, "attempt \(task).\(number) has been begun twice")
    }

    func reported(_ attempt: Int64, isSuccess: Bool) {
        guard let process = processes[attempt], process.result == nil, !process.hasSpokenNonsense else { return }
        processes[attempt]?.result = isSuccess
    }

    func spokeNonsense(_ attempt: Int64) { processes[attempt]?.hasSpokenNonsense = true }

    func wrote(_ attempt: Int64, at monotonic: Int64) { processes[attempt]?.wroteMonotonic = monotonic }

    func used(_ attempt: Int64, cost: Int64) { processes[attempt]?.cost = cost }

    func metLimit(_ attempt: Int64) { processes[attempt]?.metLimit = true }

    /// - Parameter report: nil for a process that went down with the machine.
    func ended(_ attempt: Int64, _ report: EndReport?) {
        guard let process = processes[attempt] else { return }
        if let task = process.task { runningTasks.remove(task) }
        processes[attempt]?.isRunning = false
        processes[attempt]?.end = report
        if report == nil { processes[attempt]?.isForgotten = true }
    }

    func reported(_ report: EndReport, pool: String) {
        let time = report.endedMonotonic - report.start.startedMonotonic
        shortest[pool] = min(shortest[pool] ?? .max, time)
    }

    /// Of several workers that were given the same attempt, the last one's output is that of the attempt.
    func wrote(_ process: SimulatedProcess) {
        guard process.ask == nil else { return }
        if let name = process.outputName { lines[name] = (process.lines, process.order.name) }
    }

    /// What an earlier worker wrote that did not take the attempt is not its output.
    func wroteNothing(_ name: String) { lines[name] = nil }

    func lostChannel(_ attempt: Int64) { processes[attempt]?.isUnread = true }

    func forgotten(_ attempt: Int64) { processes[attempt]?.isForgotten = true }
}
