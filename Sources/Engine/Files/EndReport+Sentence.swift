import Glibc
import OrchProtocol
import Platform
import Scheduling
import SupervisorLink

extension AttemptEnd {
    /// - Parameters:
    ///   - program: as the user wrote it.
    ///   - path: of the task's environment, where the program was looked for.
    ///   - directory: the directory that the task named, if any.
    init(_ report: EndReport, program: String?, path: String?, directory: String?) {
        let ending: Ending
        var start: StartReport? = report.start
        switch report.ending {
        case .exited: ending = .exited(report.code)
        case .signalled: ending = .signalled(report.code)
        case .lost: ending = .lost("lost: the supervisor went down while it ran")
        case .refused:
            start = nil
            ending = .failedToStart(Self.refusal(report.code))
        case .spawnFailed:
            start = nil
            if report.step == .resources {
                ending = .shortOfResources("cannot start it now: \(SystemError.text(report.code))")
            } else {
                ending = .failedToStart(
                    Self.failure(report.step, report.code, program ?? "the program", path, directory))
            }
        }
        self.init(
            attempt: Int64(truncatingIfNeeded: report.attempt), start: start, ending: ending, endedAt: report.endedAt,
            endedMonotonic: report.endedMonotonic)
        stopped = report.flags.contains(.stopped)
        outOfMemory = report.flags.contains(.outOfMemory)
        outOfProcesses = report.flags.contains(.outOfProcesses)
        dumpedCore = report.flags.contains(.dumpedCore)
        guard start != nil else { return }
        cpuUser = report.cpuUser
        cpuSystem = report.cpuSystem
        peakMemory = report.peakMemory
    }

    private static func refusal(_ code: Int32) -> String {
        switch EndReport.Refusal(rawValue: code) {
        case .unknownPool:
            "refused by the supervisor: its policy does not know the pool; run `systemctl reload orchd-supervisor` after adding pools"
        case .program: "refused by the supervisor: its policy does not allow this program in the pool"
        case .oomScore: "refused by the supervisor: oom_score_adjust is below the supervisor's own"
        case .nice: "refused by the supervisor: nice is below 0"
        case .repository:
            "refused by the supervisor: its policy allows the pool no worktrees of this repository; run `systemctl reload orchd-supervisor`"
        case .limit:
            "refused by the supervisor: its policy allows the pool less; run `systemctl reload orchd-supervisor` after raising a maximum"
        case .credential:
            "refused by the supervisor: a credential of the pool is not loaded, and its journal names it; see `orchctl secret`"
        case .sandbox:
            "refused by the supervisor: its policy confines the pool more; run `systemctl reload orchd-supervisor` after changing that"
        case .directory:
            "refused by the supervisor: its policy lets tasks of the pool start only in its directories; run `systemctl reload "
                + "orchd-supervisor` after changing them"
        case .door:
            "refused by the supervisor: its policy gives the pool no doors; run `systemctl reload orchd-supervisor` after changing [spawn]"
        case .user:
            "refused by the supervisor: its policy does not run tasks of this submitter in the pool; after adding users to a group "
                + "that may use it: `systemctl reload orchd-supervisor`"
        case nil: "refused by the supervisor"
        }
    }

    /// A step of starting a process that failed, as a sentence: what, on what, why.
    private static func failure(
        _ step: EndReport.Step, _ error: Int32, _ program: String, _ path: String?, _ directory: String?
    ) -> String {
        let why = SystemError.text(error)
        let quoted = "\"\(program.shortened(to: 200))\""
        switch step {
        case .execute:
            return switch error {
            case ENOENT where !program.contains("/"): "cannot start \(quoted): not found in PATH (\(path ?? ""))"
            case ENOENT: "cannot start \(quoted): there is no such file"
            case ELIBACC: "cannot start \(quoted): the interpreter or loader that it names is missing"
            case EACCES: "cannot start \(quoted): it is not executable, or is a directory"
            case E2BIG: "cannot start \(quoted): its arguments and environment are too long for the kernel"
            case ENOEXEC: "cannot start \(quoted): it is neither a program nor a script with a #! line"
            default: "cannot start \(quoted): \(why)"
            }
        case .directory:
            return "cannot start \(quoted): cannot enter the directory \"\(directory ?? "its workspace")\": \(why)"
        // Why, only git can say, and has said it on standard error.
        case .workspace where error == 0: return "cannot make its git worktree"
        case .workspace: return "cannot start \(quoted): cannot make its workspace: \(why)"
        case .user, .group, .groups: return "cannot start \(quoted): cannot become the pool's user: \(why)"
        case .confine where error == ENOSYS || error == EOPNOTSUPP:
            return "cannot confine \(quoted): this kernel has no Landlock; see [confine] in orchd.toml(5)"
        case .confine: return "cannot confine \(quoted): \(why)"
        case .cgroup: return "cannot start \(quoted): cannot make its cgroup: \(why)"
        default: return "cannot start \(quoted): the step \"\(step)\" failed: \(why)"
        }
    }
}
