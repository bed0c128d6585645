import Foundation
import Glibc
import OrchProtocol
import Testing

/// `orchctl backup` of a daemon at work, and `orchd restore` of what it wrote.
@Suite(.onThreads) struct BackupTests {
    private func restore(_ daemon: Daemon, _ file: String) throws -> Daemon.Result {
        try Daemon.Running(
            ["restore", "--state-dir", daemon.directory.file("state"), file], of: "orchd",
            environment: Daemon.environment(daemon.directory), directory: daemon.directory, input: []
        ).result()
    }

    @Test func theQueueIsAsItWasAtTheBackup() throws {
        let daemon = try Daemon(workers: 2)
        let directory = daemon.directory
        let done = try daemon.shell("echo once; exit 3")
        try daemon.wait([done])
        let held = try daemon.submit("true") { $0.hold = true }
        let before = try daemon.status().lastEvent
        let backup = directory.file("backup.db")
        let result = try daemon.orchctl("backup", backup)
        #expect(result.status == 0 && result.output.contains("2 tasks (1 not ended)"), "\(result)")
        var status = stat()
        #expect(stat(backup, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let size = status.st_size
        #expect(!directory.has("state/backup.tmp"))

        // It is not written twice, and a refusal leaves it where it is.
        let again = try daemon.orchctl("backup", backup)
        #expect(again.status == 2 && again.error.contains("exists"), "\(again)")
        #expect(stat(backup, &status) == 0 && status.st_size == size)
        let piped = try daemon.orchctl("backup", "-")
        #expect(piped.status == 0 && piped.bytes.starts(with: Array("SQLite format 3\0".utf8)))
        let told = try daemon.orchctl("backup", "--json", directory.file("other.db"))
        let answer = try Wire.decode(BackupResult.self, from: Data(told.bytes))
        #expect(answer.tasks == 2 && answer.unfinished == 1 && answer.size == Int64(size))

        let later = try (1...5).map { _ in try daemon.shell("echo later") }
        try daemon.wait(later)
        let running = try restore(daemon, backup)
        #expect(running.status == 1 && running.error.contains("another orchd"), "\(running)")
        try daemon.finish()

        let restored = try restore(daemon, backup)
        #expect(restored.status == 0 && restored.output.contains("restored 2 tasks (1 not ended)"), "\(restored)")
        let kept = try #require(
            FileManager.default.contentsOfDirectory(atPath: directory.file("state")).first {
                // Its log is kept beside it where there was one.
                $0.hasPrefix("queue.db.before-restore-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm")
            })
        #expect(restored.output.contains(kept))
        try daemon.restart()
        let tasks = try daemon.call(.list, ListParameters()).tasks
        #expect(tasks.map(\.id) == [held, done] && tasks.map(\.state) == [.queued, .failed])
        #expect(try daemon.orchctl("logs", String(done)).output == "once\n")
        // No id comes twice, no event does, and what went on is said.
        let next = try daemon.submit("true")
        #expect(next == (later.last ?? 0) + 1)
        let events = try daemon.orchctl("events", "--after", String(before), "--json").output.split(separator: "\n").map {
            try Wire.decode(Event.self, from: Data($0.utf8))
        }
        #expect(events.first?.kind == .daemonRestored && (events.first?.seq ?? 0) > before + 10)
        #expect(zip(events, events.dropFirst()).allSatisfy { $0.seq < $1.seq })
        try daemon.finish()

        // What was kept can be put back.
        let putBack = try restore(daemon, directory.file("state/\(kept)"))
        #expect(putBack.status == 0, "\(putBack.error)")
        try daemon.restart()
        #expect(try daemon.call(.list, ListParameters()).tasks.map(\.id) == later.reversed() + [held, done])
        try daemon.finish()
    }

    /// A task that the backup has as queued ran since, and another that it has as running has ended: both run again, as attempts that
    /// there never were, so that nothing is mixed up.
    @Test func attemptsSinceTheBackupAreNotRepeatedByNumber() throws {
        let daemon = try Daemon(workers: 1)
        let directory = daemon.directory
        let first = try daemon.shell("echo first $ORCH_ATTEMPT; echo x > started; while [ ! -e gate ]; do sleep 0.02; done")
        try directory.wait(for: "started")
        let second = try daemon.shell("echo second $ORCH_ATTEMPT")
        #expect(try daemon.orchctl("backup", directory.file("backup.db")).status == 0)
        try directory.write("", to: "gate")
        try daemon.wait([first, second])
        try daemon.finish()
        #expect(try restore(daemon, directory.file("backup.db")).status == 0)
        try daemon.restart()
        let ends = try daemon.wait([first, second])
        #expect(ends[0].state == .failed && ends[0].attempts.last?.outcome?.kind == .lost, "\(ends[0])")
        #expect(ends[1].state == .succeeded && ends[1].attempts.last?.number == 2, "\(ends[1])")
        #expect(try daemon.orchctl("logs", String(second)).output == "second 2\n")
        try daemon.finish()
    }

    @Test func whatIsNoBackupChangesNothing() throws {
        let daemon = try Daemon(workers: 0)
        let id = try daemon.submit("true")
        #expect(try daemon.orchctl("backup", daemon.directory.file("backup.db")).status == 0)
        try daemon.finish()
        let directory = daemon.directory
        let whole = try #require(directory.bytes("backup.db"))
        let before = directory.bytes("state/queue.db")
        var torn = whole
        torn.replaceSubrange(8192..<12288, with: [UInt8](repeating: 0, count: 4096))
        for bytes in [[], Array("text".utf8), Array(whole.prefix(whole.count / 2)), torn] {
            try Data(bytes).write(to: URL(filePath: directory.file("bad.db")))
            let result = try restore(daemon, directory.file("bad.db"))
            #expect(
                result.status == 1 && result.error.contains("bad.db") && result.error.contains("nothing was changed"),
                "\(result)")
        }
        #expect(try restore(daemon, directory.file("missing.db")).status == 1)
        #expect(directory.bytes("state/queue.db") == before)
        try daemon.restart()
        #expect(try daemon.task(id).state == .queued)
        try daemon.finish()
    }

    /// The daemon's database is lost; a backup is all there is. Numbers go on beyond what there are traces of.
    @Test func aDamagedQueueIsReplaced() throws {
        let daemon = try Daemon(workers: 1)
        let directory = daemon.directory
        let id = try daemon.shell("echo one")
        try daemon.wait([id])
        #expect(try daemon.orchctl("backup", directory.file("backup.db")).status == 0)
        try daemon.finish()
        try directory.write("this was a database", to: "state/queue.db")
        let refused = try #require(throws: Daemon.NotStarted.self) { try daemon.restart() }
        #expect(refused.status == 78 && refused.message.contains("orchd restore FILE"))
        let result = try restore(daemon, directory.file("backup.db"))
        #expect(result.status == 0 && result.output.contains("cannot be read"), "\(result)")
        try daemon.start()
        #expect(try daemon.task(id).state == .succeeded)
        #expect(try daemon.submit("true") == id + 1_000_001)
        try daemon.finish()
    }
}
