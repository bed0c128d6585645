import CLinux
import Platform
import SupervisorLink

/// An attempt from the start of its process to the end of the last process of its tree.
final class RunningAttempt {
    let pool: String
    /// Where its workspace is, see ``WorkspacePaths``.
    let folder: String
    let name: String
    let start: StartReport
    /// Its place in the state file.
    let entry: Int
    let pidfd: Descriptor
    let cgroup: Cgroup?

    var leaderToken: EventLoop<Supervisor.Source>.Token?
    var cgroupEvents: Descriptor?
    var cgroupToken: EventLoop<Supervisor.Source>.Token?
    var flags: EndReport.Flags = []
    /// Where a failure is told, while its worktree is made.
    var worktree: (descriptor: Descriptor, token: EventLoop<Supervisor.Source>.Token)?
    /// Why its program never ran: its worktree could not be made, or the program could not be executed in it.
    var startFailure: SpawnFailure?
    /// How the leader ended; others may still be alive.
    var leaderEnd: linux_exit?
    /// When to kill what is still there, on the monotonic clock.
    var killAt: Int64?

    init(folder: String, name: String, start: StartReport, entry: Int, pidfd: Descriptor, cgroup: Cgroup?) {
        pool = WorkspacePaths.pool(ofFolder: folder)
        self.folder = folder
        self.name = name
        self.start = start
        self.entry = entry
        self.pidfd = pidfd
        self.cgroup = cgroup
    }

    var attempt: UInt64 { start.attempt }

    /// The report of its end; call when no process of it is left, and before its cgroup is removed.
    func endReport() -> EndReport? {
        guard let end = leaderEnd else { return nil }
        var report = EndReport(
            start: start, ending: end.signalled ? .signalled : .exited, code: end.code, flags: flags,
            endedAt: Clock.realTime, endedMonotonic: Clock.monotonic, cpuUser: end.cpu_user, cpuSystem: end.cpu_system,
            peakMemory: end.peak_memory)
        // One that was stopped meanwhile has ended for that reason, whatever git made of it.
        if let startFailure, !flags.contains(.stopped) {
            report.ending = .spawnFailed
            report.step = startFailure.step
            report.code = startFailure.code
        }
        if end.dumped_core { report.flags.insert(.dumpedCore) }
        cgroup?.account(in: &report)
        return report
    }
}
