import OrchProtocol

/// The entries of a task in the journal, and the journalctl(1) that prints them.
struct JournalEntries {
    var task: Int64
    /// Whether the daemon is a user's own, whose entries are in that user's journal.
    var ofUser: Bool
    var attempt: Int?
    var follow = false
    var tail: Int?
    var since: WireTime?
    var json = false

    var arguments: [String] {
        var arguments = ["journalctl"]
        if ofUser { arguments.append("--user") }
        if follow { arguments.append("--follow") }
        if let tail { arguments.append("--lines=\(tail)") }
        if let since { arguments.append("--since=@\(since.milliseconds / 1000)") }
        if json { arguments.append("--output=json") }
        // Fields of different names must all match.
        arguments += [ofUser ? "_SYSTEMD_USER_UNIT=orchd.service" : "_SYSTEMD_UNIT=orchd.service", "TASK_ID=\(task)"]
        // What it wrote, where its pool has that in the journal. By itself the identifier could be anybody's, and that of a stream has no
        // number of the attempt.
        guard let attempt else {
            let unit = ofUser ? "_SYSTEMD_USER_UNIT=orchd-supervisor.service" : "_SYSTEMD_UNIT=orchd-supervisor.service"
            return arguments + ["+", unit, "SYSLOG_IDENTIFIER=orch-task-\(task)"]
        }
        return arguments + ["ATTEMPT=\(attempt)"]
    }
}
