import Glibc
import OrchProtocol

/// The entries of a task in the journal, and the journalctl(1) that prints them.
struct JournalEntries {
    var task: Int64
    /// Whether the daemon is a user's own, whose entries are in that user's journal.
    var ofUser: Bool
    var attempt: Int?
    var follow = false
    var tail: Int?
    var since: Timestamp?
    var json = false

    /// The program and its arguments. Asks the journal for the task's user, where that is not ours.
    func arguments() -> [String] {
        var arguments = journalctl
        if follow { arguments.append("--follow") }
        if let tail { arguments.append("--lines=\(tail)") }
        if let since { arguments.append("--since=@\(since.milliseconds / 1000)") }
        if json { arguments.append("--output=json") }
        arguments += story
        if let attempt { return arguments + ["ATTEMPT=\(attempt)"] }
        // What it wrote, where its pool has that in the journal; lines of a stream have no number of the attempt. By itself the identifier
        // could be anybody's, so the user must be the task's. The unit would do as well, but the journal only knows that of a process which
        // is still there when it reads the line.
        let origin = writer().map { "_UID=\($0)" } ?? unit("orchd-supervisor")
        return arguments + ["+", origin, "SYSLOG_IDENTIFIER=orch-task-\(task)"]
    }

    /// The user as whom the task runs, or nil where it has not started yet. The journal says so of tasks that the daemon has forgotten, too.
    private func writer() -> uid_t? {
        if ofUser { return getuid() }
        let fields = ["--quiet", "--no-pager", "--output=cat", "--output-fields=TASK_UID"]
        let lines = Subprocess.output(of: journalctl + fields + story)?.split(separator: "\n")
        return lines?.compactMap { uid_t($0) }.last
    }

    private var journalctl: [String] { ofUser ? ["journalctl", "--user"] : ["journalctl"] }

    /// Fields of different names must all match.
    private var story: [String] { [unit("orchd"), "TASK_ID=\(task)"] }

    private func unit(_ name: String) -> String { "\(ofUser ? "_SYSTEMD_USER_UNIT" : "_SYSTEMD_UNIT")=\(name).service" }
}
