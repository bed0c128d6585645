import GRDB

/// The tables of the bridge. Numbers of Discord's are kept as they are; they fit into 63 bits until the year 2084.
enum BridgeSchema {
    static let version = 1

    /// - Throws: ``BridgeStore/Unusable`` for a database of a newer program or of another.
    static func prepare(_ db: Database, path: String) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if found == version, application == Self.application { return }
        guard found == 0, application == 0, try !db.tableExists("cursor") else {
            throw BridgeStore.Unusable(
                description: found > version
                    ? "\(path) was written by a newer orch-discord (\(found)); install that, or move the file away"
                    : "\(path) is not a database of orch-discord; move it away, or name another state directory")
        }
        try db.inTransaction {
            try db.execute(sql: tables)
            // So that what two databases send is never taken for the same.
            try db.execute(sql: "INSERT INTO cursor VALUES ('salt', ?)", arguments: [Int64.random(in: 1...0xFF_FFFF_FFFF)])
            try db.execute(sql: "PRAGMA application_id = \(Self.application); PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// "orcd" as a number.
    private static let application = 0x6F72_6364

    private static let tables = """
        -- Up to where what comes in order has been dealt with: the daemon's events, the messages of each channel.
        CREATE TABLE cursor (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

        -- When sessions at the gateway were begun: Discord counts them.
        CREATE TABLE gateway_start (at INTEGER NOT NULL);

        -- Messages that were for the bridge. A message is in it once, for good: that is why it is one task.
        CREATE TABLE request (
            message INTEGER PRIMARY KEY,
            channel INTEGER NOT NULL,
            author INTEGER NOT NULL,
            author_name TEXT NOT NULL,
            made_at INTEGER NOT NULL,
            state TEXT NOT NULL,             -- see RequestState
            spec TEXT,                       -- what to submit, until it is
            task INTEGER,
            reaction TEXT,                   -- what should stand below the message
            shown_reaction TEXT              -- what may stand there, with spaces between
        );
        CREATE INDEX request_waiting ON request (state, message) WHERE state IN ('late', 'new');
        CREATE INDEX request_author ON request (author, made_at);
        CREATE INDEX request_reaction ON request (message) WHERE reaction IS NOT shown_reaction;

        CREATE TABLE task (
            id INTEGER PRIMARY KEY,
            message INTEGER NOT NULL,
            changed INTEGER NOT NULL DEFAULT 1,   -- counts what has happened to it
            seen INTEGER NOT NULL DEFAULT 0,      -- `changed` as of which it is shown
            state TEXT NOT NULL DEFAULT 'queued',
            pool TEXT NOT NULL DEFAULT '',
            priority INTEGER NOT NULL DEFAULT 0,
            title TEXT NOT NULL DEFAULT '',
            ended INTEGER NOT NULL DEFAULT 0,
            round INTEGER NOT NULL DEFAULT 1,     -- grows with each retry by hand
            withdrawn INTEGER NOT NULL DEFAULT 0, -- its message is gone: to be cancelled
            thread TEXT NOT NULL DEFAULT 'wanted' -- see ThreadState
        );
        CREATE INDEX task_changed ON task (id) WHERE changed > seen;
        CREATE INDEX task_thread ON task (id) WHERE thread = 'wanted';
        CREATE INDEX task_withdrawn ON task (id) WHERE withdrawn = 1;
        CREATE INDEX task_open ON task (message) WHERE ended = 0;

        -- Messages of the bridge: what each should say, and what it says.
        CREATE TABLE post (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,              -- see PostKind
            subject INTEGER NOT NULL,        -- a task, or what it is about otherwise
            round INTEGER NOT NULL,
            part INTEGER NOT NULL,
            place INTEGER NOT NULL,
            content TEXT NOT NULL,
            sent TEXT,                       -- what was sent last
            state TEXT NOT NULL DEFAULT 'wanted', -- see PostState
            message INTEGER UNIQUE,
            since INTEGER NOT NULL DEFAULT 0,
            edition INTEGER NOT NULL DEFAULT 1,
            UNIQUE (kind, subject, round, part)
        );
        CREATE INDEX post_waiting ON post (place, id) WHERE state IN ('wanted', 'sending');
        CREATE INDEX post_stale ON post (id) WHERE state = 'shown' AND content IS NOT sent;
        """
}
