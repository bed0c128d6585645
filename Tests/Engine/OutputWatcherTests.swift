import Foundation
import Glibc
import Logging
import Platform
import Scheduling
import Testing

@testable import Engine

/// Watches go off once and are set again, so nothing that is written in between may be missed.
@Suite struct OutputWatcherTests {
    private final class Watched: Sendable {
        let root = NSTemporaryDirectory() + "orchd-watch-\(UUID().uuidString)"
        let files: OutputFiles
        let inbox: Inbox
        let watcher: OutputWatcher

        init() throws {
            files = OutputFiles(stateDirectory: root)
            inbox = try Inbox()
            watcher = try OutputWatcher(
                files: files, inbox: inbox, relay: try JournalRelay(files: files), log: Logger(label: "test"))
            try FileManager.default.createDirectory(atPath: files.root, withIntermediateDirectories: true)
            try watcher.start()
        }

        deinit {
            watcher.stop()
            try? FileManager.default.removeItem(atPath: root)
        }

        /// A new attempt, and its standard output.
        func begin(_ task: Int64, limit: Int64) throws -> Descriptor {
            let (out, _) = try files.create(task: task, attempt: 1)
            watcher.begin(task, LiveAttempts.Entry(task: task, number: 1, pool: "p", submitter: 0, outputLimit: limit))
            return out
        }
    }

    private func append(_ text: String, to file: Descriptor) {
        #expect(write(file.number, text, text.utf8.count) == text.utf8.count)
    }

    @Test func aFollowerHearsOfTheLastWriteOfMany() throws {
        let watched = try Watched()
        let file = try watched.begin(7, limit: .max)
        let other = try watched.begin(8, limit: .max)
        let woken = DispatchSemaphore(value: 0)
        _ = watched.watcher.follow(task: 7, attempt: 1) { woken.signal() }
        var seen: Int64 = 0
        for round in 1...3 {
            for _ in 0..<500 {
                append("line\n", to: file)
                append("noise\n", to: other)
            }
            // However the writes fall between the moments of looking, one comes after the last of them.
            while seen < Int64(round * 2_500) {
                try #require(woken.wait(timeout: .now() + 30) == .success)
                seen = watched.files.size(task: 7, attempt: 1, .out)
            }
        }
    }

    @Test func tooMuchOutputIsNoticedHoweverItCame() throws {
        let watched = try Watched()
        let file = try watched.begin(1_007, limit: 10_000)
        append("first\n", to: file)
        #expect(watched.inbox.drain().isEmpty)
        for _ in 0..<2_001 { append("line\n", to: file) }
        let ready = waitFor([(watched.inbox.wakeup.descriptor.number, POLLIN)], milliseconds: 30_000)
        #expect(ready[0] != 0)
        guard case .outputLimitReached(attempt: 1_007) = watched.inbox.drain().first else {
            Issue.record("not taken notice of")
            return
        }
    }
}
