import Foundation
import GRDB
import Text

/// The tables, by version. A version's statements never change once it is released; a new version appends.
///
/// Times are milliseconds since 1970, flags and phases the raw values of Scheduling's types. Partial indexes hold only the rows
/// that are waiting for something, so that a claim costs the same however many tasks have finished. Their conditions are chosen so
/// that SQLite cannot mistake them for the range to look for: of `state = 0 AND state < 2` it takes the second.
enum Schema {
    /// "orcd": says that a file is ours before anything in it is believed (sqlite.org/fileformat2.html, 1.3.17).
    static let applicationID: Int32 = 0x6F72_6364
    static var version: Int { migrations.count }

    /// For each version the first one whose program can work with its tables: see ``SchemaVersion``.
    static let oldestReaders = [1, 1, 3]

    static let migrations = [
        """
        CREATE TABLE task (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            pool TEXT NOT NULL,
            phase INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            name TEXT,
            due_at INTEGER,
            due_relative INTEGER NOT NULL,
            timeout INTEGER,
            idle_timeout INTEGER,
            retries INTEGER NOT NULL,
            retry_causes INTEGER NOT NULL,
            retry_delay INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            forgiven_attempts INTEGER NOT NULL,
            finished_at INTEGER,
            reason TEXT,
            command BLOB,
            prompt TEXT,
            labels TEXT,
            key TEXT,
            environment BLOB,
            directory TEXT,
            model TEXT,
            thinking TEXT,
            has_input INTEGER NOT NULL,
            submitter INTEGER NOT NULL,
            submitted_at INTEGER NOT NULL,
            expires_at INTEGER
        ) STRICT;
        CREATE INDEX task_ready ON task (pool, priority DESC, id) WHERE phase = 0;
        CREATE INDEX task_due ON task (phase, due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX task_expiry ON task (expires_at) WHERE phase < 3 AND expires_at IS NOT NULL;
        CREATE INDEX task_unfinished ON task (id) WHERE phase < 4;
        CREATE INDEX task_finished ON task (finished_at) WHERE phase >= 4;
        CREATE INDEX task_unsuccessful ON task (phase, id) WHERE phase >= 5;
        CREATE UNIQUE INDEX task_key ON task (submitter, key) WHERE key IS NOT NULL;

        CREATE TABLE task_input (
            task INTEGER PRIMARY KEY REFERENCES task ON DELETE CASCADE,
            -- UTF-8, but not TEXT: it may contain NUL.
            text BLOB NOT NULL
        ) STRICT;

        CREATE TABLE attempt (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
            number INTEGER NOT NULL,
            pool TEXT NOT NULL,
            state INTEGER NOT NULL,
            dispatched_at INTEGER NOT NULL,
            slot INTEGER,
            pid INTEGER,
            started_at INTEGER,
            started_monotonic INTEGER,
            wake_at INTEGER,
            stopping INTEGER,
            ended_at INTEGER,
            outcome TEXT,
            code INTEGER,
            reason TEXT,
            cpu_user INTEGER,
            cpu_system INTEGER,
            peak_memory INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX attempt_task ON attempt (task, number);
        CREATE INDEX attempt_live ON attempt (pool, state, id) WHERE state <> 2;
        CREATE INDEX attempt_wake ON attempt (wake_at) WHERE state <> 2 AND wake_at IS NOT NULL;

        CREATE TABLE pool (
            name TEXT PRIMARY KEY,
            mode INTEGER NOT NULL,
            slots INTEGER NOT NULL,
            configured_slots INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- How many tasks a pool has in a phase: counting a million rows would take the better part of a start.
        CREATE TABLE tally (
            pool TEXT NOT NULL,
            phase INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (pool, phase)
        ) STRICT, WITHOUT ROWID;

        -- Events of one turn: `count` lines of JSON, the first of them numbered `seq`.
        CREATE TABLE event (
            seq INTEGER PRIMARY KEY,
            count INTEGER NOT NULL,
            lines BLOB NOT NULL
        ) STRICT;

        CREATE TABLE meta (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- What agents tell of attempts: the kind of a failure, tokens, and millionths of a US dollar.
        ALTER TABLE attempt ADD COLUMN failure TEXT;
        ALTER TABLE attempt ADD COLUMN tokens_in INTEGER;
        ALTER TABLE attempt ADD COLUMN tokens_out INTEGER;
        ALTER TABLE attempt ADD COLUMN tokens_cached INTEGER;
        ALTER TABLE attempt ADD COLUMN cost INTEGER;

        -- Of an attempt that a warm worker has: how far it has come with it.
        ALTER TABLE attempt ADD COLUMN handover INTEGER;

        -- What the last warm worker of the pool said it can do: words with blanks between them.
        ALTER TABLE pool ADD COLUMN reported TEXT;

        -- Warm workers that have no task. Their ids are counted with those of the attempts.
        CREATE TABLE worker (
            id INTEGER PRIMARY KEY,
            pool TEXT NOT NULL,
            state INTEGER NOT NULL,
            definition INTEGER NOT NULL,
            since INTEGER NOT NULL,
            slot INTEGER,
            pid INTEGER,
            wake_at INTEGER,
            -- A JSON array; NULL for none.
            capabilities TEXT,
            version TEXT
        ) STRICT;
        CREATE INDEX worker_pool ON worker (pool);

        -- Pools whose workers fail, until one of them does not.
        CREATE TABLE worker_backoff (
            pool TEXT PRIMARY KEY,
            failures INTEGER NOT NULL,
            until INTEGER NOT NULL,
            after INTEGER NOT NULL,
            reason TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Which gates a task has to pass: see GateName.
        ALTER TABLE task ADD COLUMN lane TEXT NOT NULL DEFAULT '';
        ALTER TABLE task ADD COLUMN needs TEXT;
        ALTER TABLE task ADD COLUMN route TEXT;
        ALTER TABLE task ADD COLUMN result_schema TEXT;
        -- JSON: what its submitter has limited its attempts to; NULL where to nothing.
        ALTER TABLE task ADD COLUMN resources TEXT;
        -- JSON: see Routing. NULL where no program of a rule is to be asked.
        ALTER TABLE task ADD COLUMN routing TEXT;
        ALTER TABLE task ADD COLUMN pool_given INTEGER NOT NULL DEFAULT 1;
        DROP INDEX task_ready;
        CREATE INDEX task_ready ON task (pool, lane, priority DESC, id) WHERE phase = 0;

        CREATE TABLE gate (
            name TEXT PRIMARY KEY,
            until INTEGER,
            relative INTEGER NOT NULL,
            reason TEXT NOT NULL,
            since INTEGER NOT NULL,
            attempts INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- What has been spent of each budget: millionths of a US dollar, and tokens. The period is the number of a day, -1 for always.
        CREATE TABLE spending (
            budget TEXT NOT NULL,
            period INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            tokens INTEGER NOT NULL,
            PRIMARY KEY (budget, period)
        ) STRICT, WITHOUT ROWID;

        -- The agent that has the prompt of an attempt; NULL for a command.
        ALTER TABLE attempt ADD COLUMN agent TEXT;
        -- JSON: see Measures. NULL where nothing is known.
        ALTER TABLE attempt ADD COLUMN measures TEXT;
        -- JSON: see Pauses. NULL where it never was paused.
        ALTER TABLE attempt ADD COLUMN pauses TEXT;
        -- Of attempts that tell what they use, '' for none; NULL for the others, which are not in the index. It is not on a column
        -- that they write, so that their ends do not pay for it.
        ALTER TABLE attempt ADD COLUMN model TEXT;
        CREATE INDEX attempt_usage ON attempt (agent) WHERE model IS NOT NULL;

        -- What attempts have used that retention has forgotten; '' and '{}' for none.
        CREATE TABLE forgotten_usage (
            day TEXT NOT NULL,
            agent TEXT NOT NULL,
            model TEXT NOT NULL,
            pool TEXT NOT NULL,
            labels TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            tokens_in INTEGER,
            tokens_out INTEGER,
            tokens_cached INTEGER,
            cost INTEGER,
            PRIMARY KEY (day, agent, model, pool, labels)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        -- What was answered to requests with a key: see KeptAnswer.
        CREATE TABLE kept_answer (
            id INTEGER PRIMARY KEY,
            principal TEXT NOT NULL,
            key TEXT NOT NULL,
            at INTEGER NOT NULL,
            method TEXT NOT NULL,
            parameters BLOB NOT NULL,
            answer BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX kept_answer_key ON kept_answer (principal, key);
        CREATE INDEX kept_answer_age ON kept_answer (at);

        -- JSON: the options of a task that have no column of their own; NULL for none. It takes the place of the columns below, which stay
        -- NULL: to drop one rewrites the whole table.
        ALTER TABLE task ADD COLUMN options TEXT;
        UPDATE task SET options = json_patch('{}', json_object(
                'labels', json(labels), 'model', model, 'thinking', thinking, 'resources', json(resources),
                'needs', json('["' || replace(needs, ' ', '","') || '"]'))),
            labels = NULL, model = NULL, thinking = NULL, resources = NULL, needs = NULL
            WHERE coalesce(labels, model, thinking, resources, needs) IS NOT NULL;

        -- For whom a bridge has submitted it; '' where nobody else.
        ALTER TABLE task ADD COLUMN subject TEXT NOT NULL DEFAULT '';

        -- Of tasks that tasks have submitted: see Ancestry. 0 and not NULL for the others, since a unique index takes NULLs as distinct.
        ALTER TABLE task ADD COLUMN parent INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE task ADD COLUMN root INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE task ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE task ADD COLUMN parent_attempt INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE task ADD COLUMN detached INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE task ADD COLUMN forgotten_steps INTEGER NOT NULL DEFAULT 0;
        DROP INDEX task_key;
        CREATE UNIQUE INDEX task_key ON task (submitter, subject, parent, key) WHERE key IS NOT NULL;
        CREATE INDEX task_parent ON task (parent, id) WHERE parent > 0;
        CREATE INDEX task_child ON task (parent, id) WHERE parent > 0 AND phase < 4;
        CREATE INDEX task_root ON task (root, id) WHERE root > 0;
        CREATE INDEX task_ready_below ON task (root, pool, lane, depth DESC, priority DESC, id) WHERE phase = 0 AND root > 0;
        CREATE INDEX task_active_below ON task (root, pool, lane) WHERE phase = 3 AND root > 0;

        -- What is below a task that has submitted others: see TreeCounts.
        CREATE TABLE tree (
            task INTEGER PRIMARY KEY REFERENCES task ON DELETE CASCADE,
            made INTEGER NOT NULL,
            unfinished INTEGER NOT NULL,
            -- Millionths of a US dollar.
            cost INTEGER NOT NULL DEFAULT 0,
            tokens INTEGER NOT NULL DEFAULT 0,
            -- When the last of it ended.
            ended_at INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        -- A tree is forgotten as a whole, with its root.
        DROP INDEX task_finished;
        CREATE INDEX task_finished ON task (finished_at) WHERE phase >= 4 AND parent = 0;

        -- Tasks that have ended, and whose children are still to be cancelled: see Ending.
        CREATE TABLE ending (
            task INTEGER PRIMARY KEY REFERENCES task ON DELETE CASCADE,
            attempt INTEGER NOT NULL,
            final INTEGER NOT NULL,
            after INTEGER NOT NULL
        ) STRICT;

        -- JSON: the files that came with it, see SubmittedFiles; NULL for none.
        ALTER TABLE task ADD COLUMN files TEXT;
        CREATE INDEX task_files ON task (id) WHERE files IS NOT NULL;

        -- The variables of tasks, each set once however many tasks have it. The column in the table of the tasks stays NULL.
        CREATE TABLE environment (
            id INTEGER PRIMARY KEY,
            hash INTEGER NOT NULL,
            variables BLOB NOT NULL
        ) STRICT;
        CREATE INDEX environment_hash ON environment (hash);
        ALTER TABLE task ADD COLUMN environment_id INTEGER REFERENCES environment;
        CREATE INDEX task_environment ON task (environment_id) WHERE environment_id IS NOT NULL;
        CREATE TRIGGER environment_unused AFTER DELETE ON task WHEN old.environment_id IS NOT NULL BEGIN
            DELETE FROM environment WHERE id = old.environment_id
                AND NOT EXISTS (SELECT 1 FROM task WHERE environment_id = old.environment_id);
        END;
        INSERT INTO environment (hash, variables) SELECT stable_hash(variables), variables
            FROM (SELECT DISTINCT environment AS variables FROM task WHERE environment IS NOT NULL);
        UPDATE task SET environment = NULL, environment_id = (
                SELECT id FROM environment WHERE hash = stable_hash(task.environment) AND variables = task.environment)
            WHERE environment IS NOT NULL;

        -- With the submitter: the uid, then '/' and the subject where there is one; '' where it was not kept.
        ALTER TABLE forgotten_usage RENAME TO former_usage;
        CREATE TABLE forgotten_usage (
            day TEXT NOT NULL,
            agent TEXT NOT NULL,
            model TEXT NOT NULL,
            pool TEXT NOT NULL,
            labels TEXT NOT NULL,
            submitter TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            tokens_in INTEGER,
            tokens_out INTEGER,
            tokens_cached INTEGER,
            cost INTEGER,
            PRIMARY KEY (day, agent, model, pool, labels, submitter)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO forgotten_usage (day, agent, model, pool, labels, submitter, attempts, tokens_in, tokens_out, tokens_cached, cost)
            SELECT day, agent, model, pool, labels, '', attempts, tokens_in, tokens_out, tokens_cached, cost FROM former_usage;
        DROP TABLE former_usage;

        -- What tasks ask people, each with its number within the task: see Question.
        CREATE TABLE question (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            task INTEGER NOT NULL REFERENCES task ON DELETE CASCADE,
            number INTEGER NOT NULL,
            root INTEGER NOT NULL,
            -- The number of the attempt that has asked.
            attempt INTEGER NOT NULL,
            state INTEGER NOT NULL,
            step TEXT,
            -- JSON: see Question.Content.
            content TEXT NOT NULL,
            asked_at INTEGER NOT NULL,
            until INTEGER,
            answer TEXT,
            answered_by TEXT,
            ended_at INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX question_task ON question (task, number);
        CREATE INDEX question_step ON question (task, step, number) WHERE step IS NOT NULL;
        CREATE INDEX question_open ON question (task, number) WHERE state = 0;
        CREATE INDEX question_tree ON question (root) WHERE state = 0;
        CREATE INDEX question_due ON question (until) WHERE state = 0 AND until IS NOT NULL;
        """,
    ]

    /// The hash of some bytes, for the migrations.
    private static let stableHash = DatabaseFunction("stable_hash", argumentCount: 1, pure: true) { values in
        Data.fromDatabaseValue(values[0]).map { StableHash.value(of: $0) }
    }

    /// Brings a database up to date, each version in a transaction of its own. A newer one stays what it is.
    ///
    /// - Parameter last: the version to stop at; only tests stop before the newest.
    static func migrate(_ db: Database, from version: Int, to last: Int = Schema.version) throws {
        db.add(function: stableHash)
        for (index, statements) in migrations.enumerated().prefix(last).dropFirst(version) {
            try db.inTransaction(.immediate) {
                if index == 0 { try db.execute(sql: "PRAGMA application_id = \(applicationID)") }
                try db.execute(sql: statements)
                let stamp = SchemaVersion(version: index + 1, oldestReader: oldestReaders[index])
                try db.execute(sql: "PRAGMA user_version = \(stamp.userVersion)")
                return .commit
            }
        }
    }
}

/// What `PRAGMA user_version` says: which version the tables have, and from which version on a program can work with them.
///
/// A migration that only adds — tables, indexes, columns that may be NULL or have a default — leaves `oldestReader` where it was, and the
/// previous program can still open the database; one that changes what a former program relies on raises it to its own version.
/// The number is in the header of the file, where ``FileCheck`` reads it before SQLite is let near: thousands for the oldest
/// reader, the rest for the version. Without thousands, the version itself is the oldest reader.
struct SchemaVersion: Equatable {
    let version: Int
    let oldestReader: Int

    var userVersion: Int { oldestReader * 1000 + version }

    /// Whether a program that knows the tables up to a version can work with these.
    func isReadable(by known: Int) -> Bool { version <= known || oldestReader <= known }
}

extension SchemaVersion {
    init(userVersion: Int) {
        let version = userVersion % 1000
        self.init(version: version, oldestReader: userVersion >= 1000 ? userVersion / 1000 : version)
    }

    /// That of an open database.
    init(of db: Database) throws { self.init(userVersion: try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0) }
}
