import DiscordAPI
import FoundationEssentials
import GRDB

/// One transaction of the store. Each method is one question or one fact.
public final class BridgeTransaction {
    private let db: Database

    init(_ db: Database) { self.db = db }

    // MARK: Cursors

    public func cursor(_ name: Cursor) throws -> Int64? {
        try Int64.fetchOne(cached("SELECT value FROM cursor WHERE name = ?"), arguments: [name.name])
    }

    public func move(_ name: Cursor, to value: Int64) throws {
        try run("INSERT INTO cursor VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", [name.name, value])
    }

    // MARK: Requests

    /// - Returns: false if the message is known: it has been handled, whatever has happened to it.
    public func add(_ request: RequestRow) throws -> Bool {
        try run(
            """
            INSERT INTO request (message, channel, author, author_name, made_at, state, spec, follows, files, given)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            [
                request.message.stored, request.channel.stored, request.author.stored, request.authorName, request.madeAt,
                request.state.rawValue, request.spec,
                request.follows.isEmpty ? nil : request.follows.map(String.init).joined(separator: " "), request.hasFiles,
                try request.given.map { try Bridge.text($0) },
            ])
        return hasChanged
    }

    public func request(_ message: Snowflake) throws -> RequestRow? {
        try requests("WHERE message = ?", [message.stored]).first
    }

    public func requests(_ state: RequestState, channel: Snowflake? = nil, limit: Int) throws -> [RequestRow] {
        try requests(
            "WHERE state = ? AND (channel = ? OR ? IS NULL) ORDER BY message LIMIT ?",
            [state.rawValue, channel?.stored, channel?.stored, limit])
    }

    public func set(_ state: RequestState, of message: Snowflake) throws {
        try run("UPDATE request SET state = ?, spec = NULL, edit = NULL WHERE message = ?", [state.rawValue, message.stored])
    }

    /// Old messages that somebody lets become tasks, or not.
    ///
    /// - Parameter andUnsure: also those that may have been done.
    public func decide(late channel: Snowflake, _ state: RequestState, andUnsure: Bool = true) throws {
        try run(
            "UPDATE request SET state = ?, ordered_at = NULL WHERE state IN ('late', ?) AND channel = ?",
            [state.rawValue, andUnsure ? "unsure" : "late", channel.stored])
    }

    public func set(spec: String, of message: Snowflake) throws {
        try run("UPDATE request SET spec = ? WHERE message = ?", [spec, message.stored])
    }

    public func count(late channel: Snowflake) throws -> Int {
        try count(.late, in: channel) + count(.unsure, in: channel)
    }

    public func count(_ state: RequestState, in channel: Snowflake) throws -> Int {
        try count("SELECT count(*) FROM request WHERE state = ? AND channel = ?", [state.rawValue, channel.stored])
    }

    /// How much somebody has made.
    public func load(of author: Snowflake, since: Int64) throws -> Authorizer.Load {
        let open = try count(
            """
            SELECT count(*) FROM request LEFT JOIN task ON task.message = request.message
            WHERE author = ? AND (request.state IN ('new', 'late', 'unsure') OR (request.state = 'task' AND task.ended = 0))
            """, [author.stored])
        let made = try count(
            "SELECT count(*) FROM request WHERE author = ? AND made_at > ? AND state NOT IN ('refused', 'withdrawn')",
            [author.stored, since])
        return Authorizer.Load(open: open, lastHour: made)
    }

    // MARK: Reactions

    public func want(reaction: String, below message: Snowflake) throws {
        try run(
            "UPDATE request SET reaction = ? WHERE message = ? AND reaction IS NOT ?",
            [reaction, message.stored, reaction])
    }

    /// What may stand below a message by now: more than one while it is being changed.
    public func shown(reactions: [String], below message: Snowflake) throws {
        try run(
            "UPDATE request SET shown_reaction = ? WHERE message = ?", [reactions.joined(separator: " "), message.stored])
    }

    public func reactions(limit: Int) throws -> [(message: Snowflake, channel: Snowflake, wanted: String, shown: [String])] {
        try Row.fetchAll(
            cached(
                """
                SELECT message, channel, reaction, shown_reaction FROM request
                WHERE reaction IS NOT shown_reaction ORDER BY message DESC LIMIT ?
                """), arguments: [limit]
        ).map { row in
            let shown: String? = row[3]
            return (
                Snowflake(stored: row[0]), Snowflake(stored: row[1]), row[2],
                shown?.split(separator: " ").map(String.init) ?? []
            )
        }
    }

    // MARK: Tasks

    /// Notes that a message has become this task.
    public func add(task: Int64, of message: Snowflake) throws {
        try run("UPDATE request SET state = 'task', task = ?, given = NULL WHERE message = ?", [task, message.stored])
        try run("INSERT INTO task (id, message) VALUES (?, ?) ON CONFLICT DO NOTHING", [task, message.stored])
    }

    public func task(_ id: Int64) throws -> TaskRow? { try tasks("WHERE id = ?", [id]).first }

    /// Something has happened to it.
    ///
    /// - Returns: whether it is one of the bridge's.
    public func touch(task: Int64) throws -> Bool {
        try run("UPDATE task SET changed = changed + 1 WHERE id = ?", [task])
        return hasChanged
    }

    /// All may have changed: one that had ended may have been tried again.
    public func touchAll() throws { try run("UPDATE task SET changed = changed + 1", []) }

    public func changedTasks(limit: Int) throws -> [TaskRow] {
        try tasks("WHERE changed > seen ORDER BY id LIMIT ?", [limit])
    }

    public func save(_ task: TaskRow, seen: Int64) throws {
        try run(
            """
            UPDATE task SET seen = ?, state = ?, pool = ?, priority = ?, title = ?, ended = ?, finished_at = ?, round = ? WHERE id = ?
            """,
            [
                seen, task.state, task.pool, task.priority, task.title, task.ended, task.finishedAt, task.round, task.id,
            ])
    }

    public func set(thread: ThreadState, of task: Int64) throws {
        try run("UPDATE task SET thread = ? WHERE id = ?", [thread.rawValue, task])
    }

    public func withdraw(task: Int64, _ isWanted: Bool) throws {
        try run("UPDATE task SET withdrawn = ? WHERE id = ?", [isWanted, task])
    }

    public func withdrawnTasks(limit: Int) throws -> [TaskRow] { try tasks("WHERE withdrawn = 1 ORDER BY id LIMIT ?", [limit]) }

    public func threadsToOpen(limit: Int) throws -> [TaskRow] {
        try tasks("WHERE thread = 'wanted' AND seen > 0 ORDER BY id LIMIT ?", [limit])
    }

    /// Where posts for the thread of a task go instead.
    public func redirect(task: Int64, to channel: Snowflake) throws {
        try run(
            "UPDATE post SET place = ? WHERE subject = ? AND kind IN ('card', 'answer', 'log', 'ask') AND state = 'wanted'",
            [channel.stored, task])
    }

    /// The open tasks whose number begins with these digits, the newest first.
    public func openTasks(startingWith digits: String, limit: Int) throws -> [TaskRow] {
        try tasks("WHERE ended = 0 AND CAST(id AS TEXT) LIKE ? || '%' ORDER BY id DESC LIMIT ?", [digits, limit])
    }

    // MARK: Posts

    /// A message should say this, or say it by now.
    public func want(
        _ kind: PostKind, _ subject: Int64, round: Int64 = 1, part: Int = 0, in place: Snowflake, content: String
    ) throws {
        try run(
            """
            INSERT INTO post (kind, subject, round, part, place, content) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (kind, subject, round, part) DO UPDATE SET content = excluded.content WHERE state <> 'merged'
            """, [kind.rawValue, subject, round, part, place.stored, content])
    }

    public func post(_ id: Int64) throws -> PostRow? { try posts("WHERE id = ?", [id]).first }

    /// The first of each place that must be sent, or of which it is not known whether it was.
    public func nextPosts(limit: Int) throws -> [PostRow] {
        try posts(
            """
            WHERE id IN (SELECT min(id) FROM post INDEXED BY post_waiting WHERE state IN ('wanted', 'sending')
                GROUP BY place ORDER BY min(id) LIMIT ?)
            """, [limit])
    }

    /// Those that say something else than they should.
    public func stalePosts(limit: Int) throws -> [PostRow] {
        try posts("WHERE state = 'shown' AND content IS NOT sent ORDER BY id LIMIT ?", [limit])
    }

    public func sending(post: Int64, since: Int64) throws {
        try run("UPDATE post SET state = 'sending', sent = content, since = ? WHERE id = ?", [since, post])
    }

    public func set(_ state: PostState, ofPost post: Int64) throws {
        try run("UPDATE post SET state = ? WHERE id = ?", [state.rawValue, post])
    }

    /// To be sent once more, as another message.
    public func sendAgain(post: Int64) throws {
        try run(
            """
            UPDATE post SET state = 'wanted', obsolete = message, message = NULL, sent = NULL, edition = edition + 1 WHERE id = ?
            """, [post])
    }

    public func shown(post: Int64, as message: Snowflake) throws {
        try run("UPDATE post SET state = 'shown', message = ? WHERE id = ?", [message.stored, post])
    }

    public func shown(post: Int64, content: String) throws {
        try run("UPDATE post SET sent = ? WHERE id = ?", [content, post])
    }

    /// Whether a message of the bot's is one that is known.
    public func isKnown(message: Snowflake) throws -> Bool {
        try count("SELECT count(*) FROM post WHERE message = ?", [message.stored]) > 0
    }

    /// The ends that wait to be told in a place, the oldest first.
    public func waitingEnds(in place: Snowflake, limit: Int) throws -> [PostRow] {
        try posts("WHERE place = ? AND kind = 'end' AND state = 'wanted' ORDER BY id LIMIT ?", [place.stored, limit])
    }

    /// The first end that the latest summary reports, unless it was sent before a time.
    public func latestSummary(in place: Snowflake, after time: Int64) throws -> Int64? {
        try posts(
            """
            WHERE kind = 'summary' AND place = ? AND state IN ('wanted', 'sending', 'shown') AND (since > ? OR state = 'wanted')
            ORDER BY id DESC LIMIT 1
            """, [place.stored, time]
        ).first?.subject
    }

    /// The tasks whose ends are told in a summary, from one of them on.
    public func mergedEnds(in place: Snowflake, from first: Int64) throws -> [(task: Int64, state: String)] {
        try Row.fetchAll(
            cached(
                """
                SELECT post.subject, coalesce(task.state, 'gone') FROM post LEFT JOIN task ON task.id = post.subject
                WHERE post.id >= ? AND post.place = ? AND post.kind = 'end' AND post.state = 'merged' ORDER BY post.id
                """), arguments: [first, place.stored]
        ).map { ($0[0], $0[1]) }
    }

    public func hasPost(_ kind: PostKind, _ subject: Int64) throws -> Bool {
        try count("SELECT count(*) FROM post WHERE kind = ? AND subject = ?", [kind.rawValue, subject]) > 0
    }

    // MARK: Retention

    /// Forgets what was shown whole before a time, a few at once. What may be read again is remembered however old it is.
    ///
    /// - Returns: whether there may be more.
    public func forget(before: Int64, limit: Int = 500) throws -> Bool {
        let messages = try Int64.fetchAll(
            cached(
                """
                SELECT message FROM request LEFT JOIN task USING (message)
                WHERE made_at < ? AND request.state NOT IN ('new', 'late', 'unsure') AND coalesce(task.ended, 1) = 1
                    AND message <= coalesce(
                        (SELECT value FROM cursor WHERE name = 'channel:' || request.channel),
                        (SELECT value FROM cursor WHERE name = 'threads'), 0)
                ORDER BY made_at LIMIT ?
                """), arguments: [before, limit])
        for message in messages {
            try run(
                """
                DELETE FROM post WHERE subject = (SELECT id FROM task WHERE message = ?)
                    AND kind IN ('card', 'answer', 'log', 'end', 'ask')
                """,
                [message])
            try run("DELETE FROM post WHERE subject = ? AND kind = 'refusal'", [message])
            try run("DELETE FROM followed WHERE task = (SELECT id FROM task WHERE message = ?)", [message])
            try run("DELETE FROM task WHERE message = ?", [message])
            try run("DELETE FROM request WHERE message = ?", [message])
        }
        return messages.count == limit
    }

    // MARK: SQL

    /// Whether the last statement has changed a row.
    var hasChanged: Bool { db.changesCount > 0 }

    /// Of the row that was added last.
    var lastID: Int64 { db.lastInsertedRowID }

    func cached(_ sql: String) throws -> Statement { try db.cachedStatement(sql: sql) }

    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try cached(sql).execute(arguments: arguments)
    }

    func count(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        try Int.fetchOne(cached(sql), arguments: arguments) ?? 0
    }

    func requests(_ rest: String, _ arguments: StatementArguments) throws -> [RequestRow] {
        try Row.fetchAll(
            cached(
                """
                SELECT message, channel, author, author_name, made_at, state, spec, task, edit, ordered_at, follows, files, given
                FROM request \(rest)
                """),
            arguments: arguments
        ).map {
            RequestRow(
                message: Snowflake(stored: $0[0]), channel: Snowflake(stored: $0[1]), author: Snowflake(stored: $0[2]),
                authorName: $0[3], madeAt: $0[4], state: RequestState(rawValue: $0[5]) ?? .refused, spec: $0[6], task: $0[7],
                edit: $0[8], orderedAt: $0[9],
                follows: ($0[10] as String?)?.split(separator: " ").compactMap { Int64($0) } ?? [],
                hasFiles: $0[11],
                given: ($0[12] as String?).flatMap { try? JSONDecoder().decode([Attachment].self, from: Data($0.utf8)) })
        }
    }

    func tasks(_ rest: String, _ arguments: StatementArguments) throws -> [TaskRow] {
        try Row.fetchAll(
            cached(
                "SELECT id, message, changed, state, pool, priority, title, ended, finished_at, round, thread FROM task " + rest
            ),
            arguments: arguments
        ).map {
            TaskRow(
                id: $0[0], message: Snowflake(stored: $0[1]), changed: $0[2], state: $0[3], pool: $0[4], priority: $0[5],
                title: $0[6],
                ended: $0[7], finishedAt: $0[8], round: $0[9], thread: ThreadState(rawValue: $0[10]) ?? .impossible)
        }
    }

    func posts(_ rest: String, _ arguments: StatementArguments) throws -> [PostRow] {
        try Row.fetchAll(
            cached("SELECT id, kind, subject, place, content, sent, state, message, since, edition FROM post " + rest),
            arguments: arguments
        ).map {
            PostRow(
                id: $0[0], kind: PostKind(rawValue: $0[1]) ?? .summary, subject: $0[2], place: Snowflake(stored: $0[3]),
                content: $0[4], sent: $0[5], state: PostState(rawValue: $0[6]) ?? .gone,
                message: ($0[7] as Int64?).map { Snowflake(stored: $0) }, since: $0[8], edition: $0[9])
        }
    }
}

/// Up to where something that comes in order has been dealt with.
public enum Cursor: Sendable, Hashable {
    case events
    case channel(Snowflake)
    /// In the threads: the newest message that was dealt with.
    case threads
    /// Drawn once for each database, so that what two of them send is never taken for the same.
    case salt
    /// Which commands the guild was told, as a hash.
    case commands

    fileprivate var name: String {
        switch self {
        case .events: "events"
        case .channel(let id): "channel:\(id)"
        case .threads: "threads"
        case .salt: "salt"
        case .commands: "commands"
        }
    }
}

extension Snowflake {
    init(stored: Int64) { self.init(UInt64(bitPattern: stored)) }
    var stored: Int64 { Int64(bitPattern: rawValue) }
}
