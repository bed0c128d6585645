import DiscordAPI
import GRDB

/// A log that is followed.
struct FollowedLog: Sendable {
    var task: Int64
    var place: LogPlace
    /// How many messages it has filled.
    var pieces: Int
}

extension BridgeTransaction {
    func followed() throws -> [FollowedLog] {
        try Row.fetchAll(cached("SELECT task, attempt, stdout, stderr, pieces FROM followed WHERE active = 1 ORDER BY task"))
            .map {
                FollowedLog(
                    task: $0[0], place: LogPlace(attempt: $0[1], stdout: $0[2], stderr: $0[3]), pieces: $0[4])
            }
    }

    func follow(_ task: Int64) throws {
        // One that was followed before continues where it stopped.
        try run("INSERT INTO followed (task) VALUES (?) ON CONFLICT DO UPDATE SET active = 1", [task])
    }

    func follow(_ task: Int64, _ place: LogPlace, pieces: Int) throws {
        try run(
            """
            UPDATE followed SET attempt = ?, stdout = ?, stderr = ?, pieces = ? WHERE task = ?
            """, [place.attempt, place.stdout, place.stderr, pieces, task])
    }

    func unfollow(_ task: Int64) throws { try run("UPDATE followed SET active = 0 WHERE task = ?", [task]) }

    /// Whether something that it has written is not in its thread yet.
    func hasWaitingLog(_ task: Int64) throws -> Bool {
        try count(
            "SELECT count(*) FROM post WHERE kind = 'log' AND subject = ? AND state IN ('wanted', 'sending')", [task]) > 0
    }
}
