import Foundation
import Synchronization
import Systemd
import TestSupport
import Testing

@testable import Engine

/// The copy of a task's output in the journal.
@Suite struct JournalRelayTests {
    private final class Entries: Sendable {
        let all = Mutex<[(message: String, priority: Journal.Priority, fields: [String: String])]>([])
        var messages: [String] { all.withLock { $0.map(\.message) } }
    }

    private let directory: ScratchDirectory
    private let files: OutputFiles
    private let entries = Entries()
    private let relay: JournalRelay
    private let name = "7.2"

    init() throws {
        directory = try ScratchDirectory()
        files = OutputFiles(stateDirectory: directory.path("state"))
        try FileManager.default.createDirectory(atPath: directory.path("state/output"), withIntermediateDirectories: true)
        _ = try files.create(task: 7, attempt: 2)
        relay = try JournalRelay(files: files) { [entries] message, priority, fields in
            let fields = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value) })
            entries.all.withLock { $0.append((message, priority, fields)) }
        }
    }

    private var entry: LiveAttempts.Entry {
        var entry = LiveAttempts.Entry(task: 7, number: 2, pool: "p", submitter: 0, outputLimit: 1)
        entry.isRelayed = true
        return entry
    }

    private func append(_ text: String, to kind: OutputFiles.Kind = .out) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: files.path(task: 7, attempt: 2, kind)))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
        relay.grown(name)
        relay.waitUntilCopied()
    }

    @Test func wholeLinesAreCopiedAndTheRestAtTheEnd() throws {
        relay.begin(name, entry)
        try append("one\ntw")
        #expect(entries.messages == ["one"])
        try append("o\n\nthree")
        try append("wrong\n", to: .err)
        #expect(entries.messages == ["one", "two", "", "wrong"])
        relay.end(name)
        relay.waitUntilCopied()
        #expect(entries.messages.last == "three")
        try append("too late\n")
        #expect(entries.messages.count == 5)
        let (first, wrong) = entries.all.withLock { ($0[0], $0[3]) }
        #expect(
            first.fields == ["SYSLOG_IDENTIFIER": "orch-task-7", "TASK_ID": "7", "ATTEMPT": "2", "POOL": "p"])
        #expect(first.priority == .info && wrong.priority == .notice)
    }

    @Test func whatWasThereBeforeIsNotCopiedAgain() throws {
        try append("old\n")
        relay.begin(name, entry)
        try append("new\n")
        #expect(entries.messages == ["new"])
    }

    @Test func othersAreNot() throws {
        var other = entry
        other.isRelayed = false
        relay.begin(name, other)
        try append("line\n")
        #expect(entries.messages == [])
    }

    @Test func aLongLineIsCut() throws {
        relay.begin(name, entry)
        try append(String(repeating: "x", count: 40_000) + "\nnext\n")
        #expect(entries.messages.map(\.utf8.count) == [16_384, 16_384, 40_000 - 2 * 16_384, 4])
    }

    @Test func aFloodIsCutOffAndCounted() throws {
        relay.begin(name, entry)
        try append(String(repeating: "y\n", count: 400_000))
        #expect(entries.messages.count == 5_000)
    }
}
