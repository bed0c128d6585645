import SupervisorLink

/// What really happened on the simulated machine, whatever anybody says or writes about it.
final class Truth {
    struct Process {
        var task: Int64
        var pool: String
        var isRunning = true
        /// How it ended; nil while it runs, and for one that went down with its supervisor or the machine.
        var end: EndReport?
        /// The record of its end went down with the machine.
        var isForgotten = false
    }

    private let violations: Violations
    private(set) var processes: [Int64: Process] = [:]
    private var runningTasks: Set<Int64> = []
    private(set) var startsOfTask: [Int64: Int] = [:]
    /// The shortest time, in milliseconds, that a task of a pool has been seen to take.
    private(set) var shortest: [String: Int64] = [:]
    private(set) var starts = 0
    /// How many lines each attempt has written, by its name.
    private(set) var lines: [String: Int] = [:]

    init(_ violations: Violations) { self.violations = violations }

    func started(_ attempt: Int64, task: Int64, pool: String) {
        violations.require(processes[attempt] == nil, "attempt \(attempt) of task \(task) was started twice")
        violations.require(runningTasks.insert(task).inserted, "task \(task) has two processes at once")
        processes[attempt] = Process(task: task, pool: pool)
        startsOfTask[task, default: 0] += 1
        starts += 1
    }

    /// - Parameter report: nil for a process that went down with the machine.
    func ended(_ attempt: Int64, _ report: EndReport?) {
        guard let task = processes[attempt]?.task else { return }
        runningTasks.remove(task)
        processes[attempt]?.isRunning = false
        processes[attempt]?.end = report
        if report == nil { processes[attempt]?.isForgotten = true }
    }

    func reported(_ report: EndReport, pool: String) {
        let time = report.endedMonotonic - report.start.startedMonotonic
        shortest[pool] = min(shortest[pool] ?? .max, time)
    }

    func wrote(_ name: String, lines: Int) { self.lines[name] = lines }

    func forgotten(_ attempt: Int64) { processes[attempt]?.isForgotten = true }
}
