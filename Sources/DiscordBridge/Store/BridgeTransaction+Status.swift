import DiscordAPI
import GRDB

/// Messages of the bridge that are not about one task.
extension BridgeTransaction {
    /// Messages that say how the queue stands, and are not pinned.
    public func unpinnedPosts(limit: Int) throws -> [PostRow] {
        try posts("WHERE kind = 'status' AND state = 'shown' AND message IS NOT pinned ORDER BY id LIMIT ?", [limit])
    }

    /// It is pinned, or cannot be.
    public func pinned(post: Int64) throws { try run("UPDATE post SET pinned = message WHERE id = ?", [post]) }

    /// Messages in whose place there is another.
    public func obsoletePosts(limit: Int) throws -> [(post: Int64, place: Snowflake, message: Snowflake)] {
        try Row.fetchAll(
            cached("SELECT id, place, obsolete FROM post WHERE obsolete IS NOT NULL ORDER BY id LIMIT ?"), arguments: [limit]
        ).map { ($0[0], Snowflake(stored: $0[1]), Snowflake(stored: $0[2])) }
    }

    public func removed(post: Int64) throws { try run("UPDATE post SET obsolete = NULL WHERE id = ?", [post]) }

    /// Somebody has deleted a message of the bridge's that has to be there.
    public func replace(status message: Snowflake) throws {
        try run(
            """
            UPDATE post SET state = 'wanted', message = NULL, sent = NULL, edition = edition + 1
            WHERE message = ? AND kind = 'status'
            """, [message.stored])
    }

    /// Somebody may have deleted them while there was no session: an edit shows it.
    public func doubtStatus() throws { try run("UPDATE post SET sent = NULL WHERE kind = 'status' AND state = 'shown'", []) }

    /// The news that wait to be told.
    public func waitingNews() throws -> PostRow? {
        try posts("WHERE kind = 'news' AND state = 'wanted' ORDER BY id DESC LIMIT ?", [1]).first
    }

    public func addNews(in place: Snowflake, content: String) throws -> Int64 {
        try run(
            """
            INSERT INTO post (kind, subject, round, part, place, content)
            VALUES ('news', (SELECT coalesce(max(id), 0) FROM post) + 1, 1, 0, ?, ?)
            """, [place.stored, content])
        return lastID
    }

    public func set(content: String, ofPost post: Int64) throws {
        try run("UPDATE post SET content = ? WHERE id = ?", [content, post])
    }

    /// News that were told are nothing to remember.
    public func forgetNews() throws {
        try run(
            """
            DELETE FROM post WHERE kind = 'news' AND state IN ('shown', 'gone')
                AND id < (SELECT max(id) FROM post WHERE kind = ?) - 1000
            """, [PostKind.news.rawValue])
    }
}
