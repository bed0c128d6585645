import GRDB

/// The tables of the bridge. Numbers of Discord's are kept as they are; they fit into 63 bits until the year 2084.
enum BridgeSchema {
    /// What the program that made each version has added. A database has the first of them.
    private static let steps = [first, interactions, following, places, files, ends, questions]
    static var version: Int { steps.count }

    /// - Throws: ``BridgeStore/Unusable`` for a database of a newer program or of another.
    static func prepare(_ db: Database, path: String, version: Int = version) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let isNew = try found == 0 && application == 0 && !db.tableExists("cursor")
        guard isNew || application == Self.application && (0...version).contains(found) else {
            throw BridgeStore.Unusable(
                description: found > version
                    ? "\(path) was written by a newer orch-discord (\(found)); install that, or move the file away"
                    : "\(path) is not a database of orch-discord; move it away, or name another state directory")
        }
        guard found < version else { return }
        try db.inTransaction {
            for step in steps[found..<version] { try db.execute(sql: step) }
            // So that what two databases send is never taken for the same.
            if isNew {
                try db.execute(sql: "INSERT INTO cursor VALUES ('salt', ?)", arguments: [Int64.random(in: 1...0xFF_FFFF_FFFF)])
            }
            try db.execute(sql: "PRAGMA application_id = \(Self.application); PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// "orcd" as a number.
    private static let application = 0x6F72_6364

    private static let first = """
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

    private static let interactions = """
        -- Interactions: what has been clicked and typed. Each is in it for a day, so that it is done once.
        CREATE TABLE interaction (
            id INTEGER PRIMARY KEY,
            application INTEGER NOT NULL,
            token TEXT NOT NULL,             -- what answers it, for 15 minutes
            at INTEGER NOT NULL,
            channel INTEGER NOT NULL,
            author INTEGER NOT NULL,
            author_name TEXT NOT NULL,
            state TEXT NOT NULL,             -- see InteractionState
            manner TEXT NOT NULL,            -- see Manner
            wish TEXT,                       -- what follows when a question or a form comes back
            work TEXT,                       -- see Order
            reply TEXT                       -- what should be shown
        );
        CREATE INDEX interaction_open ON interaction (id) WHERE state IN ('new', 'taken', 'told');
        CREATE INDEX interaction_at ON interaction (at);

        -- Logs that are or were followed: up to where each is known, and how many messages it has filled.
        CREATE TABLE followed (
            task INTEGER PRIMARY KEY,
            attempt INTEGER NOT NULL DEFAULT 0,
            stdout INTEGER NOT NULL DEFAULT 0,
            stderr INTEGER NOT NULL DEFAULT 0,
            pieces INTEGER NOT NULL DEFAULT 0,
            active INTEGER NOT NULL DEFAULT 1
        );
        """

    private static let following = """
        -- What the message says by now, where the daemon was given something else before.
        ALTER TABLE request ADD COLUMN edit TEXT;
        -- When the daemon was asked first; from then on there may be a task.
        ALTER TABLE request ADD COLUMN ordered_at INTEGER;
        -- The tasks that it follows up, the nearest last, with spaces between.
        ALTER TABLE request ADD COLUMN follows TEXT;
        CREATE INDEX request_edited ON request (message) WHERE edit IS NOT NULL AND state = 'task';
        CREATE INDEX request_channel ON request (channel, message);
        -- When its end was seen.
        ALTER TABLE task ADD COLUMN ended_at INTEGER;
        CREATE INDEX task_ended ON task (ended_at) WHERE ended_at IS NOT NULL;
        """

    private static let places = """
        -- The message that was pinned, and one in whose place there is another.
        ALTER TABLE post ADD COLUMN pinned INTEGER;
        ALTER TABLE post ADD COLUMN obsolete INTEGER;
        CREATE INDEX post_status ON post (id) WHERE kind = 'status';
        CREATE INDEX post_news ON post (id) WHERE kind = 'news';
        CREATE INDEX post_obsolete ON post (id) WHERE obsolete IS NOT NULL;
        """

    private static let files = """
        -- Whether the message has files, which are fetched when it is submitted.
        ALTER TABLE request ADD COLUMN files INTEGER NOT NULL DEFAULT 0;
        """

    private static let ends = """
        -- Which end was shown: a task that is tried again has another, later one.
        ALTER TABLE task ADD COLUMN finished_at INTEGER;
        CREATE INDEX post_summary ON post (place, id) WHERE kind = 'summary';
        """

    private static let questions = """
        -- Of kind 'ask', with the question's number as its round: whether it can still be answered.
        ALTER TABLE post ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX post_open ON post (subject, round) WHERE open = 1;
        -- What the tasks ask that were there before questions were shown.
        UPDATE task SET changed = changed + 1 WHERE ended = 0;
        -- The files of a command, as Discord has told of them.
        ALTER TABLE request ADD COLUMN given TEXT;
        """
}
