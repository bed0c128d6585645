import DiscordAPI
import GRDB

/// Messages that follow others: later texts of the same, and messages in the thread of a task.
extension BridgeTransaction {
    // MARK: Edits

    /// The daemon is asked now, if it was not before.
    public func order(_ message: Snowflake, at now: Int64) throws {
        try run(
            "UPDATE request SET ordered_at = ? WHERE message = ? AND ordered_at IS NULL", [now, message.stored])
    }

    /// Whether it becomes a task is for a person to say.
    public func makeUnsure(_ message: Snowflake) throws {
        try run(
            "UPDATE request SET state = 'unsure', spec = coalesce(edit, spec), edit = NULL WHERE message = ?", [message.stored])
    }

    /// Nothing has come of what the daemon was asked.
    public func forgetOrder(of message: Snowflake) throws {
        try run(
            "UPDATE request SET ordered_at = NULL, spec = coalesce(edit, spec), edit = NULL WHERE message = ?",
            [message.stored])
    }

    /// What a message says by now; nil: what the daemon has been given.
    public func set(edit: String?, of message: Snowflake) throws {
        try run("UPDATE request SET edit = ? WHERE message = ?", [edit, message.stored])
    }

    /// The daemon has this text.
    public func settle(edit: String, of message: Snowflake) throws {
        try run(
            "UPDATE request SET spec = ?, edit = CASE edit WHEN ? THEN NULL ELSE edit END WHERE message = ?",
            [edit, edit, message.stored])
    }

    /// Tasks whose message says something else than the daemon was given.
    public func editedRequests(limit: Int) throws -> [RequestRow] {
        try requests("WHERE edit IS NOT NULL AND state = 'task' ORDER BY message LIMIT ?", [limit])
    }

    /// What was asked for is no longer needed: the task has started, and cannot be changed.
    public func dropSpec(of message: Snowflake) throws {
        try run("UPDATE request SET spec = NULL, edit = NULL WHERE message = ? AND spec IS NOT NULL", [message.stored])
    }

    /// The messages of a channel whose tasks have not started, the oldest first.
    ///
    /// - Parameter range: their numbers.
    public func waitingRequests(
        in channel: Snowflake, from first: Snowflake, to last: Snowflake, limit: Int
    ) throws -> [RequestRow] {
        try requests(
            """
            WHERE channel = ? AND message BETWEEN ? AND ? AND spec IS NOT NULL AND state IN ('late', 'new', 'task')
            ORDER BY message LIMIT ?
            """, [channel.stored, first.stored, last.stored, limit])
    }

    // MARK: Threads

    /// The task that a message in a thread follows up: the one whose answer it answers, else the latest there.
    public func task(toFollowIn thread: Snowflake, answering post: Snowflake?) throws -> TaskRow? {
        if let post {
            let posted = try tasks(
                "WHERE id = (SELECT subject FROM post WHERE message = ? AND kind IN ('card', 'answer', 'end', 'ask')) LIMIT ?",
                [post.stored, 1])
            if let task = posted.first { return task }
        }
        return try tasks(
            """
            WHERE id = (SELECT max(task) FROM request WHERE task IS NOT NULL AND (message = ? OR channel = ?)) LIMIT ?
            """, [thread.stored, thread.stored, 1]
        ).first
    }

    // MARK: What the daemon still knows

    /// A task whose end was seen before a time, the latest of them: as long as the daemon knows it, it knows all that have ended since.
    public func witness(before time: Int64) throws -> Int64? {
        try tasks("WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at DESC LIMIT 1", [time]).first?.id
    }

    public func ended(task: Int64, at now: Int64) throws {
        try run("UPDATE task SET ended_at = ? WHERE id = ?", [now, task])
    }
}
