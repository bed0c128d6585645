import Glibc
import OrchClient
import OrchProtocol
import Presentation

/// What an upgrade did.
struct UpgradeReport: Encodable, Equatable {
    struct Program: Encodable, Equatable {
        /// Its version before and after; nil where the daemon cannot tell.
        var from: String?
        var to: String?
        /// Whether it executes again.
        var replaced: Bool
    }

    var engine: Program
    var supervisor: Program
    /// How many tasks ran before it, and how many of those it ended: none, if all is well.
    var running: Int
    var lost: [Int64]
    /// The longest that a client waited for an answer, in seconds.
    var pause: Double
    /// What went wrong, in sentences.
    var problems: [String]

    init(from before: DaemonStatus, to after: DaemonStatus, running: Int, lost: [Int64], pause: Double, problem: String?) {
        engine = Program(
            from: before.version, to: after.version,
            replaced: (after.pid, after.startedAt.milliseconds) != (before.pid, before.startedAt.milliseconds))
        let old = before.supervisor, new = after.supervisor
        supervisor = Program(
            from: old.version, to: new.version, replaced: new.connected && old.startedAt != new.startedAt)
        self.running = running
        self.lost = lost
        self.pause = pause
        problems = problem.map { [$0] } ?? []
        if old.connected, new.connected, old.pid != new.pid {
            problems.append("the supervisor is a new process: the tasks of the old one have ended")
        }
        if !engine.replaced { problems.append("the engine is still the old one") }
        if !supervisor.replaced { problems.append("the supervisor has not executed its new program") }
        if !lost.isEmpty {
            problems.append("tasks were lost: " + lost.prefix(20).map { String($0) }.joined(separator: ", "))
        }
    }

    func text(style: Style) -> String {
        var lines = [line("supervisor", supervisor, style), line("engine", engine, style)]
        let kept = running - lost.count
        lines.append("\(kept) of \(counted(running, "running task")) kept")
        lines.append("clients waited for at most \(Int((pause * 1000).rounded())) ms")
        return lines.map { $0 + "\n" }.joined()
    }

    private func line(_ name: String, _ program: Program, _ style: Style) -> String {
        let (from, to) = (program.from ?? "an older version", program.to ?? "an older version")
        guard program.replaced else { return style(.bad, "\(name): still \(SafeText.line(from))") }
        return "\(name): " + (from == to ? "\(SafeText.line(to)), executed again" : SafeText.line("\(from) -> \(to)"))
    }
}

/// Measures what an upgrade is to clients: asks again and again, each time on a new connection, and keeps the longest wait.
struct DowntimeProbe {
    let path: String
    /// The longest time to an answer so far.
    private(set) var longest = Duration.zero

    /// Asks once. One that is cut off asks again, and has waited since its first try.
    ///
    /// - Returns: whether it was answered before the deadline.
    mutating func ask(until deadline: ContinuousClock.Instant) -> Bool {
        let began = ContinuousClock.now
        while ContinuousClock.now < deadline {
            let answer = try? Connection(path: path, patience: 5).call(
                .version, deadline: min(deadline, .now + .seconds(30)))
            if answer != nil {
                longest = max(longest, ContinuousClock.now - began)
                return true
            }
            usleep(5000)
        }
        longest = max(longest, ContinuousClock.now - began)
        return false
    }

    var seconds: Double {
        longest.seconds
    }
}
