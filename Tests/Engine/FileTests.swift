import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Storage
import SupervisorLink
import Testing

@testable import Engine

/// What is kept of the files that attempts leave.
@Suite struct FileTests {
    /// A state directory of its own, for the time that the body runs.
    private func withFiles<R>(_ body: (OutputFiles, String) throws -> R) throws -> R {
        let directory = NSTemporaryDirectory() + "orchd-files-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory + "/output", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try body(OutputFiles(stateDirectory: directory), directory)
    }

    private func source(_ directory: String, _ bytes: [UInt8] = [], size: Int? = nil) throws -> Descriptor {
        let path = "\(directory)/source-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(filePath: path))
        if let size { #expect(truncate(path, off_t(size)) == 0) }
        return try Descriptor(open(path, O_RDWR | O_CLOEXEC), "open \(path)")
    }

    private func text(_ file: Descriptor?) -> String? {
        guard let file else { return nil }
        var bytes = [UInt8](repeating: 0, count: 1000)
        return String(decoding: bytes[..<max(0, pread(file.number, &bytes, bytes.count, 0))], as: UTF8.self)
    }

    @Test func filesAreKeptByNameOnceAllHaveCome() throws {
        try withFiles { files, directory in
            var collection = try FileCollection(files, task: 1042, attempt: 2, limit: 100)
            collection.take("b", from: try source(directory, Array("two".utf8)))
            collection.take("a.txt", from: try source(directory))
            #expect(try files.files(task: 1042, attempt: 2) == ([], []))
            try collection.finish()
            let (kept, left) = try files.files(task: 1042, attempt: 2)
            #expect(kept == [ResultFile(name: "a.txt", size: 0), ResultFile(name: "b", size: 3)] && left.isEmpty)
            #expect(text(try files.openFile("b", task: 1042, attempt: 2)) == "two")
        }
    }

    @Test(arguments: [
        "", ".", "..", "../1.1.out", "/etc/shadow", "a/../b", "b\0", ".orch-left", "sub/x", "missing",
        String(repeating: "x", count: 300),
    ])
    func noNameLeadsElsewhere(_ name: String) throws {
        try withFiles { files, directory in
            var collection = try FileCollection(files, task: 1, attempt: 1, limit: 100)
            collection.take("b", from: try source(directory, [65]))
            collection.leave([.init(.directory, count: 1, names: ["sub"])])
            try collection.finish()
            #expect(try files.openFile(name, task: 1, attempt: 1) == nil)
        }
    }

    @Test func whatIsTooMuchIsTold() throws {
        try withFiles { files, directory in
            var collection = try FileCollection(files, task: 1, attempt: 1, limit: 10)
            collection.take("a", from: try source(directory, [UInt8](repeating: 65, count: 8)))
            collection.take("tib", from: try source(directory, size: 1 << 40))
            collection.take("b", from: try source(directory, [UInt8](repeating: 66, count: 3)))
            collection.take("c", from: try source(directory, [67, 67]))
            collection.leave([.init(.special, count: 40, names: ["x\ny"]), .init(.tooMany, count: 1, names: ["z"])])
            try collection.finish()
            let (kept, left) = try files.files(task: 1, attempt: 1)
            #expect(kept == [ResultFile(name: "a", size: 8), ResultFile(name: "c", size: 2)])
            #expect(left.map(\.count) == [2, 40, 1] && left.map(\.names) == [["tib", "b"], ["x\u{FFFD}y"], ["z"]], "\(left)")
            #expect(left[0].reason.contains("10 bytes"), "\(left)")
        }
    }

    @Test func onlyWhatWasThereAtTheEndIsKept() throws {
        try withFiles { files, directory in
            let growing = try source(directory, Array("first".utf8))
            var collection = try FileCollection(files, task: 1, attempt: 1, limit: 100)
            collection.take("f", from: growing)
            #expect(pwrite(growing.number, "SECOND", 6, 0) == 6)
            try collection.finish()
            #expect(text(try files.openFile("f", task: 1, attempt: 1)) == "first")
        }
    }

    /// An engine that went down half-way: the next begins anew, whatever is there.
    @Test func whatIsHandedOverAgainReplacesTheRest() throws {
        try withFiles { files, directory in
            for name in ["old", "new"] {
                var collection = try FileCollection(files, task: 1, attempt: 1, limit: 100)
                collection.take("\(name)er", from: try source(directory, [65]))
                if name == "new" { break }
                try collection.finish()
            }
            #expect(try files.files(task: 1, attempt: 1).kept.map(\.name) == ["older"])
            var collection = try FileCollection(files, task: 1, attempt: 1, limit: 100)
            collection.take("newest", from: try source(directory, [65]))
            try collection.finish()
            #expect(try files.files(task: 1, attempt: 1).kept.map(\.name) == ["newest"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: files.shard(of: 1)) == ["1.1.files"])
        }
    }

    @Test func whatCannotBeWrittenIsTold() throws {
        try withFiles { files, directory in
            var collection = try FileCollection(files, task: 1, attempt: 1, limit: 100)
            try FileManager.default.createDirectory(
                atPath: OutputFiles.unfinished(files.filesPath(task: 1, attempt: 1)) + "/taken",
                withIntermediateDirectories: true)
            collection.take("taken", from: try source(directory, [65]))
            collection.take("fine", from: try source(directory, [65]))
            try collection.finish()
            let left = try files.files(task: 1, attempt: 1).left
            #expect(left.count == 1 && left[0].names == ["taken"], "\(left)")
        }
    }

    @Test func theyGoWithTheirTask() throws {
        try withFiles { files, directory in
            for (task, attempt) in [(Int64(999), 1), (999, 2), (7, 1)] {
                var collection = try FileCollection(files, task: task, attempt: attempt, limit: 100)
                collection.take("f", from: try source(directory, [65]))
                collection.leave([.init(.name, count: 1, names: ["x"])])
                if attempt == 1 { try collection.finish() }
            }
            files.remove(task: 999, attempts: 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: files.shard(of: 0)) == ["7.1.files"])
            files.removeLeftovers { _ in [] }
            #expect(try FileManager.default.contentsOfDirectory(atPath: files.shard(of: 0)) == [])
        }
    }

    /// A task may be submitted, and begin to write, at any moment while an engine that has just started cleans up.
    @Test func whatComesMeanwhileIsNoLeftover() throws {
        try withFiles { files, _ in
            for task in [Int64(5), 1_005] { _ = try files.create(task: task, attempt: 1) }
            var asked: [ClosedRange<Int64>] = []
            try files.removeLeftovers { ids in
                asked.append(ids)
                let tasks = Set([ids.lowerBound + 6, ids.lowerBound + 7])
                for task in tasks { _ = try files.create(task: task, attempt: 1) }
                // The one is committed already when it is asked for, and the other is not.
                return tasks.filter { $0 % 1000 == 6 }
            }
            #expect(asked.map(\.lowerBound).sorted() == [0, 1000])
            for shard in [Int64(0), 1_000] {
                let names = try FileManager.default.contentsOfDirectory(atPath: files.shard(of: shard))
                let tasks = Set(names.map { $0.prefix { $0 != "." } })
                #expect(tasks == ["\(shard + 6)", "\(shard + 7)"], "\(names)")
            }
        }
    }

    /// Told again on each connection: copied again as long as the end is not committed, and never after that.
    @Test func whatIsCommittedStaysAsItIs() throws {
        try withReports { reports in
            let directory = reports.files.root
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            var attempt = try reports.store.transaction { transaction in
                let task = TaskItem(
                    definition: TaskDefinition(work: .command(["true"]), submitter: 0, submittedAt: 0), pool: "p",
                    phase: .active)
                let id = try transaction.insert(task, input: nil)
                return try transaction.insertAttempt(task: id, number: 1, pool: "p", agent: nil, dispatchedAt: 0)
            }
            let number = UInt64(attempt.id)
            let start = StartReport(attempt: number, pid: 9, slot: 1, startedAt: 10, startedMonotonic: 20)
            let end = EndReport(start: start, ending: .exited, code: 0, endedAt: 30, endedMonotonic: 40)
            func deliver(_ text: String) throws -> String? {
                var session = LinkSession(generation: 1, reports: reports)
                let welcome = SupervisorMessage.Welcome(
                    version: LinkProtocol.version, store: 1, heardUpTo: number, pid: 1, cgroups: false,
                    program: .init(release: "1", executedAt: 0))
                let messages: [SupervisorMessage] = [
                    .welcome(welcome), .resultFiles(ResultFiles(attempt: number, names: ["f"])), .ended([end]), .inventoryEnd,
                ]
                #expect(try session.take(messages, [source(directory, Array(text.utf8))]).count == 1)
                return self.text(try reports.files.openFile("f", task: attempt.task, attempt: 1))
            }
            #expect(try deliver("one") == "one")
            #expect(try deliver("two") == "two")
            let before = attempt.state
            attempt.state = .ended
            try reports.store.transaction { try $0.update(attempt, from: before) }
            #expect(try deliver("three") == "two")
        }
    }

    @Test func withoutTheirDescriptorsTheConnectionEnds() throws {
        try withReports { reports in
            var session = LinkSession(generation: 1, reports: reports)
            #expect(throws: LinkError.self) {
                try session.take([.resultFiles(ResultFiles(attempt: 1, names: ["a"]))], [])
            }
        }
    }
}
