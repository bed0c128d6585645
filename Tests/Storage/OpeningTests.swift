import Dispatch
import Foundation
import GRDB
import Glibc
import OrchProtocol
import SupervisorLink
import TestSupport
import Testing
import Text

@testable import Scheduling
@testable import Storage

@Suite struct OpeningTests {
    let directory: ScratchDirectory
    var path: String { directory.path("queue.db") }

    init() throws { directory = try ScratchDirectory() }

    /// The error of opening what is at the path; what is there must not change by it.
    private func refusal() throws -> StorageError {
        let before = try directory.data("queue.db")
        let error = try #require(throws: StorageError.self) { try SQLiteStore(path: path) }
        #expect(try directory.data("queue.db") == before, "\(error)")
        #expect(error.description.contains(path))
        return error
    }

    /// The link, lookups and the line for the service manager may all still want to read when the engine ends.
    @Test func nothingIsClosedUnderAReader() throws {
        for _ in 0..<20 {
            let store = try SQLiteStore(path: path)
            let readers = DispatchGroup()
            let isReading = DispatchSemaphore(value: 0)
            for _ in 0..<4 {
                readers.enter()
                Thread.detachNewThread {
                    defer { readers.leave() }
                    var count = 0
                    while (try? store.backoffs()) != nil {
                        count += 1
                        if count == 10 { isReading.signal() }
                    }
                }
            }
            for _ in 0..<4 { isReading.wait() }
            try store.close()
            readers.wait()
            #expect(throws: StorageError(.failed, "the database \(path) is closed")) { try store.backoffs() }
        }
    }

    private func change(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    @Test func theWriterIsAsDurableAsPromised() throws {
        for _ in 0..<2 {
            let store = try SQLiteStore(path: path)
            try store.insert([item()])
            let (journal, synchronous) = try store.writer.writeWithoutTransaction { db in
                (try String.fetchOne(db, sql: "PRAGMA journal_mode"), try Int.fetchOne(db, sql: "PRAGMA synchronous"))
            }
            // 2 is FULL.
            #expect((journal, synchronous) == ("wal", 2))
            try store.close()
        }
    }

    @Test func aNewerDatabaseIsRefused() throws {
        try SQLiteStore(path: path).close()
        try change("PRAGMA user_version = \(Schema.version + 1)")
        let error = try refusal()
        #expect(error.code == .newer)
        #expect(error.description.contains("version \(Schema.version + 1)"))
    }

    /// A newer orchd has added a column, and says that this one can do without.
    @Test func aNewerDatabaseThatOnlyHasMoreIsOpenedAndStaysNewer() throws {
        try SQLiteStore(path: path).close()
        let newer = SchemaVersion(version: Schema.version + 1, oldestReader: Schema.version)
        try change("ALTER TABLE task ADD COLUMN later TEXT; PRAGMA user_version = \(newer.userVersion)")
        for count in 1...2 {
            let store = try SQLiteStore(path: path)
            try store.insert([item()])
            #expect(store.counts.tasks(in: "default").ready == count)
            try store.close()
        }
        let queue = try DatabaseQueue(path: path)
        #expect(try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == newer.userVersion)
        try queue.close()
    }

    @Test func everyVersionSaysWhoCanReadIt() {
        #expect(Schema.oldestReaders.count == Schema.migrations.count)
        #expect(zip(1..., Schema.oldestReaders).allSatisfy { $1 <= $0 })
        #expect(Schema.oldestReaders == Schema.oldestReaders.sorted())
        #expect(SchemaVersion(userVersion: 1) == SchemaVersion(version: 1, oldestReader: 1))
        #expect(SchemaVersion(userVersion: 3_005) == SchemaVersion(version: 5, oldestReader: 3))
        #expect(SchemaVersion(version: 5, oldestReader: 3).isReadable(by: 3))
        #expect(!SchemaVersion(version: 5, oldestReader: 3).isReadable(by: 2))
    }

    /// The newer version is only in a WAL that a crash has left.
    @Test func aNewerDatabaseIsRefusedByItsWAL() throws {
        let store = try SQLiteStore(path: path)
        let other = try DatabaseQueue(path: path)
        try other.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
        let copy = directory.path("copy.db")
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix) }
        #expect(throws: StorageError.self) { try SQLiteStore(path: copy) }
        try other.close()
        try store.close()
    }

    @Test(arguments: ["text", "zeros", "short", "shorter than a header", "empty"])
    func whatIsNoDatabaseIsRefused(kind: String) throws {
        let data =
            switch kind {
            case "text": Data(String(repeating: "this is no database\n", count: 500).utf8)
            case "zeros": Data(count: 8192)
            case "empty": Data()
            case "short": Data("SQLite format 3\0".utf8)
            default: Data("x".utf8)
            }
        try data.write(to: directory.url.appendingPathComponent("queue.db"))
        #expect(try refusal().code == .damaged)
    }

    @Test(arguments: [1, 2, 3])
    func oneThatIsCutOffIsRefused(quarters: Int) throws {
        let store = try SQLiteStore(path: path)
        try store.insert(Array(repeating: item(), count: 1_000))
        try store.close()
        let data = try directory.data("queue.db")
        try data.prefix(data.count / 4 * quarters).write(to: directory.url.appendingPathComponent("queue.db"))
        #expect(try refusal().code == .damaged)
    }

    /// A header that is whole over pages that are not.
    @Test func oneWhosePagesAreOverwrittenIsRefused() throws {
        try SQLiteStore(path: path).close()
        var data = try directory.data("queue.db")
        data.replaceSubrange(110..<data.count, with: Data(repeating: 0xA5, count: data.count - 110))
        try data.write(to: directory.url.appendingPathComponent("queue.db"))
        #expect(try refusal().code == .damaged)
    }

    @Test(arguments: [
        "PRAGMA application_id = 12345; CREATE TABLE t (x)", "CREATE TABLE t (x)",
        "PRAGMA user_version = 1; CREATE TABLE t (x)",
    ])
    func aDatabaseOfAnotherProgramIsRefused(sql: String) throws {
        try change(sql)
        let error = try refusal()
        #expect(error.code == .damaged)
        #expect(error.description.contains("another program"))
    }

    @Test func whatAStartLeftThatWasCutShortIsNoHindrance() throws {
        // The engine was killed while it made its tables, beside the path.
        for suffix in ["", "-journal"] {
            #expect(FileManager.default.createFile(atPath: path + ".new" + suffix, contents: Data("torn".utf8)))
        }
        let store = try SQLiteStore(path: path)
        try store.insert([item()])
        try store.close()
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }

    /// As the first orchds left it when they were killed: all that there is, tables included, is in the log.
    @Test func aDatabaseWhoseTablesAreInItsLogIsTakenAndAnEmptyLogIsNot() throws {
        let made = directory.path("made.db")
        var configuration = Configuration()
        configuration.journalMode = .wal
        let queue = try DatabaseQueue(path: made, configuration: configuration)
        try queue.writeWithoutTransaction { try Schema.migrate($0, from: 0) }
        for suffix in ["", "-wal"] { try FileManager.default.copyItem(atPath: made + suffix, toPath: path + suffix) }
        try queue.close()
        let log = try directory.data("queue.db-wal")
        let empty = try directory.data("queue.db")
        let store = try SQLiteStore(path: path)
        try store.insert([item()])
        try store.close()

        for rest in [Data(), log.prefix(4_000)] {
            try empty.write(to: URL(fileURLWithPath: path))
            try rest.write(to: URL(fileURLWithPath: path + "-wal"))
            #expect(throws: StorageError.self, "\(rest.count) bytes") { try SQLiteStore(path: path) }
        }
    }

    @Test func aDatabaseThatIsGoneFromBesideItsLogIsMissed() throws {
        let store = try SQLiteStore(path: path)
        try store.insert([item()])
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: directory.path("other.db-wal"))
        try store.close()
        let error = try #require(throws: StorageError.self) { try SQLiteStore(path: directory.path("other.db")) }
        #expect(error.code == .damaged && error.description.contains("is gone"))
        #expect(try directory.data("other.db-wal").count > 0)
    }

    @Test func aDirectoryThatIsMissingIsNamed() throws {
        let error = try #require(throws: StorageError.self) { try SQLiteStore(path: directory.path("no/queue.db")) }
        #expect(error.code == .failed)
        #expect(error.description.contains("no/queue.db"))
    }

    /// The rows are as orchd wrote them with the tables of version 2.
    @Test func aDatabaseOfTheVersionBeforeIsBroughtUpToDateWithAllItHas() throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try Schema.migrate(db, from: 0, to: 2)
            try db.execute(
                sql: """
                    INSERT INTO task (pool, phase, priority, name, due_relative, retries, retry_causes, retry_delay, attempts,
                        forgiven_attempts, prompt, has_input, submitter, submitted_at, labels, model, thinking, needs, resources, expires_at, environment)
                    VALUES ('p', 2, 1, 'n', 0, 2, 9, 250, 0, 0, 'x', 0, 7, 8, '{"a/b":"\u{E4}\\"","n":"1"}', 'a/b', 'high', 'gpu net:1',
                        '{"cpu":1.5,"memory":1048576}', 99, x'413d31'),
                    ('p', 4, 0, NULL, 0, 0, 15, 5000, 1, 0, NULL, 0, 7, 8, NULL, NULL, NULL, NULL, NULL, NULL, x'423d'),
                    ('p', 2, 0, NULL, 0, 0, 15, 5000, 0, 0, 'y', 0, 7, 8, NULL, 'm', NULL, NULL, NULL, NULL, x'413d31'),
                    ('p', 2, 0, NULL, 0, 0, 15, 5000, 0, 0, 'z', 0, 7, 8, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
                    UPDATE task SET command = x'7472756500' WHERE id = 2;
                    INSERT INTO tally (pool, phase, count) VALUES ('p', 2, 3), ('p', 4, 1);
                    """)
        }
        try queue.close()
        #expect(SchemaVersion(userVersion: try userVersion()).version == 2)
        let store = try SQLiteStore(path: path)
        let tasks = try store.transaction { transaction in try (1...4).compactMap { try transaction.task($0) } }
        var options = TaskOptions()
        (options.name, options.priority, options.labels) = ("n", 1, ["a/b": "\u{E4}\"", "n": "1"])
        (options.model, options.thinking, options.needs) = ("a/b", .high, ["gpu", "net:1"])
        var resources = ResourceLimits()
        (resources[.cpu], resources[.memory]) = (1.5, 1_048_576)
        options.resources = resources
        (options.retries, options.retryOn, options.retryDelay) = (2, [.exit, .lost], 0.25)
        options.expires = Timestamp(milliseconds: 99)
        #expect(tasks.map(\.definition.options.model) == ["a/b", nil, "m", nil])
        #expect(tasks.map(\.definition.environment) == [["A": "1"], ["B": ""], ["A": "1"], [:]])
        #expect(try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM environment WHERE hash <> 0") } == 2)
        #expect(tasks.first?.definition.options == options)
        #expect(tasks.dropFirst().first?.definition.work == .command(["true", ""]))
        // What is found by a label is found as before.
        var query = ListParameters()
        query.labels = ["n": "1"]
        #expect(try store.page(query, limit: 9).tasks.map(\.id) == [1])
        try store.close()
        // The program before, which looks for the columns that are empty now, must not take it.
        #expect(!SchemaVersion(userVersion: try userVersion()).isReadable(by: 2))
    }

    /// A database in somebody's hands has been through these. A name that is changed in one is a column that it does not have.
    @Test func migrationsNeverChange() {
        let hashes = Schema.migrations.map { migration in
            var hash = StableHash()
            hash.add(migration)
            return hash.value
        }
        #expect(hashes == [8_277_868_404_469_940_071, -8_223_992_639_257_496_084, -797_573_678_982_022_837])
    }

    private func userVersion() throws -> Int {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } ?? 0
    }

    /// NULL, and so no JSON to read, for a task that asks for nothing but its work, its place and its times.
    @Test func aTaskWithoutOptionsHasNone() throws {
        let store = try SQLiteStore(path: path)
        try store.insert([
            item {
                ($0.name, $0.priority, $0.timeout, $0.retry) = ("n", 3, 5, RetryPolicy(retries: 1, causes: [.lost], delay: 7))
                ($0.definition.options.key, $0.definition.options.expires) = ("k", Timestamp(milliseconds: 9))
            },
            item { $0.definition.options.model = "m" },
        ])
        #expect(try store.read { try String?.fetchAll($0, sql: "SELECT options FROM task") } == [nil, #"{"model":"m"}"#])
        try store.close()
    }

    @Test func everythingIsThereAfterReopening() throws {
        var store = try SQLiteStore(path: path)
        let root = try store.insert([item(phase: .succeeded)])[0]
        var rich = item("b", phase: .delayed, priority: -3) {
            $0.definition.work = .command(["a", "", "b c", "\u{301}"])
            $0.definition.environment = ["A": "=\u{301}="]
            $0.definition.directory = "/d"
            $0.definition.hasInput = true
            $0.definition.submitter = .max
            $0.definition.options.labels = ["k\"": "v\\"]
            $0.definition.options.key = "key"
            $0.definition.options.model = "m"
            $0.definition.options.thinking = .high
            $0.definition.options.expires = Timestamp(milliseconds: 10)
            $0.name = "name"
            $0.dueAt = 5
            $0.dueIsRelative = true
            $0.timeout = 6
            $0.idleTimeout = 7
            $0.retry = RetryPolicy(retries: 3, causes: [.exit, .spawn], delay: 9)
            $0.attempts = 2
            $0.attemptsBeforeRetry = 1
            $0.finishedAt = 4
            $0.reason = "why"
            ($0.ancestry.parent, $0.ancestry.root, $0.ancestry.depth, $0.ancestry.attempt) = (root, root, 1, 2)
            ($0.ancestry.isDetached, $0.ancestry.forgottenSteps) = (true, 3)
            $0.definition.options.scope = TaskScope(pools: ["p"], children: 1, running: 2, cost: 3)
        }
        let text = "one\0two\n\u{FFFD}"
        rich.id = try store.transaction { try $0.insert(rich, input: ByteString(text)) }
        let prompt = try store.insert([item { _ in }])[0]
        var attempt = try store.transaction { transaction in
            try transaction.move(prompt, to: .active)
            return try transaction.insertAttempt(task: prompt, number: 1, pool: "default", agent: nil, dispatchedAt: 3)
        }
        attempt.state = .running
        attempt.slot = 1
        attempt.pid = 2
        attempt.startedAt = 3
        attempt.startedMonotonic = 4
        attempt.wakeAt = 5
        attempt.stopping = .idleTimeout
        attempt.outcome = Outcome(.signalled, code: 9)
        attempt.reason = "r"
        attempt.endedAt = 6
        attempt.cpuUser = 7
        attempt.cpuSystem = 8
        attempt.peakMemory = 9
        attempt.measures = Measures(
            bytesRead: 10, bytesWritten: 11, stalledForProcessor: 12, stalledForMemory: 13, stalledForDisk: 14)
        attempt.pauses = Pauses()
        attempt.pauses?.total = 15
        let pool = PoolState(name: "default", mode: .draining, slots: 3, configuredSlots: 4)
        let events = [Event(at: Timestamp(milliseconds: 1), kind: .daemonStarted)]
        try store.transaction { (transaction) throws in
            try transaction.update(attempt, from: .dispatched)
            try transaction.save(pool)
            try transaction.setSupervisorStore(.max - 1)
            #expect(try transaction.append(events) == 1)
        }
        try store.close()
        store = try SQLiteStore(path: path)
        try store.transaction { (transaction) throws in
            #expect(try transaction.task(rich.id) == rich)
            #expect(try transaction.input(of: rich.id) == ByteString(text))
            let (submitter, subject) = (rich.definition.submitter, rich.definition.subject)
            #expect(try transaction.task(withKey: "key", of: submitter, subject: subject, below: root) == rich.id)
            #expect(try transaction.task(withKey: "key", of: submitter, subject: subject, below: 0) == nil)
            #expect(try transaction.counts(below: root) == TreeCounts(made: 1, unfinished: 1))
            #expect(try transaction.attempt(attempt.id) == attempt)
            #expect(try transaction.liveAttempt(of: prompt) == attempt)
            #expect(try transaction.pools() == [pool])
            #expect(try transaction.supervisorStore() == .max - 1)
            #expect(transaction.counts(of: "b").delayed == 1)
            #expect(transaction.live(in: "default") == LiveCounts(running: 1))
            #expect(transaction.queuedCount == 1)
            #expect(transaction.occupiedPools == ["b", "default"])
        }
        #expect(try store.lastEvent() == 1)
        #expect(try store.events(after: 0).map(\.kind) == [.daemonStarted])
        try store.close()
    }
}

/// Runs a program to its end, and answers whether it succeeded.
private func run(_ arguments: String...) -> Bool {
    var pid: pid_t = 0
    var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    argv.append(nil)
    defer { argv.forEach { free($0) } }
    guard posix_spawnp(&pid, arguments[0], nil, nil, argv, environ) == 0 else { return false }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status == 0
}

/// A file system of a size, in memory; nil where the tests may not mount one.
private final class SmallFileSystem {
    let directory: ScratchDirectory
    var path: String { directory.url.path }

    init?(size: String) throws {
        directory = try ScratchDirectory()
        guard run("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", directory.url.path) else { return nil }
    }

    deinit { _ = run("umount", "-l", path) }
}

@Suite struct FullDiskTests {
    @Test func aFullDiskIsReportedAndHealsByItself() throws {
        guard let disk = try SmallFileSystem(size: "2m") else {
            print("SKIPPED: a full disk, because this user may not mount a tmpfs")
            return
        }
        let store = try SQLiteStore(path: disk.path + "/queue.db")
        let ballast = disk.path + "/ballast"
        let before = try store.insert([item(), item()])
        #expect(FileManager.default.createFile(atPath: ballast, contents: Data(count: 600_000)))
        var accepted = 2
        let error = try #require(throws: StorageError.self) {
            while true {
                try store.insert(Array(repeating: item { $0.reason = String(repeating: "x", count: 500) }, count: 50))
                accepted += 50
            }
        }
        #expect(error.code == .full, "\(error)")
        #expect(store.counts.tasks(in: "default").ready == accepted)
        #expect(try store.page(ListParameters(), limit: 1_000_000).tasks.count == accepted)
        // No more can be written, but what is there can be read.
        #expect(try store.record(of: before[1])?.id == before[1])
        try FileManager.default.removeItem(atPath: ballast)
        let after = try store.insert([item()])
        #expect(after[0] == Int64(accepted) + 1)
        #expect(store.counts.tasks(in: "default").ready == accepted + 1)
        try store.close()
        let again = try SQLiteStore(path: disk.path + "/queue.db")
        #expect(again.counts.tasks(in: "default").ready == accepted + 1)
        try again.close()
    }

    @Test func aReadOnlyDirectoryIsAClearError() throws {
        guard let disk = try SmallFileSystem(size: "2m") else {
            print("SKIPPED: a read-only directory, because this user may not mount a tmpfs")
            return
        }
        let store = try SQLiteStore(path: disk.path + "/old.db")
        try store.insert([item()])
        try store.close()
        // The program that another test starts at this moment has copies of what is open here until it is executed.
        let deadline = ContinuousClock.now + .seconds(30)
        var isReadOnly = false
        while !isReadOnly, ContinuousClock.now < deadline { isReadOnly = run("mount", "-o", "remount,ro", disk.path) }
        try #require(isReadOnly)
        for name in ["/old.db", "/new.db"] {
            let error = try #require(throws: StorageError.self) { try SQLiteStore(path: disk.path + name) }
            #expect(error.code == .failed, "\(error)")
            #expect(error.description.contains(disk.path + name))
            #expect(error.description.contains("permissions"))
        }
    }
}
