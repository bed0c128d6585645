import Foundation
import Glibc
import Platform
import Testing

@testable import Engine

@Suite struct OutputTests {
    /// Writes bytes to a file for the time that the body runs.
    private func withFile<R>(_ bytes: Data, _ body: (String) throws -> R) throws -> R {
        let path = NSTemporaryDirectory() + "orchd-output-\(UUID().uuidString)"
        try bytes.write(to: URL(filePath: path))
        defer {
            try? FileManager.default.removeItem(atPath: path)
            try? FileManager.default.removeItem(atPath: path + OutputIndex.suffix)
        }
        return try body(path)
    }

    @Test(arguments: [
        ("", 3, ""), ("a", 1, "a"), ("a\n", 1, "a\n"), ("a\nb\n", 1, "b\n"), ("a\nb", 1, "b"), ("a\nb\nc\n", 2, "b\nc\n"),
        ("a\nb\n", 9, "a\nb\n"), ("\n\n\n", 2, "\n\n"), ("a\nb\n", 0, ""),
    ])
    func tail(_ text: String, _ count: Int, _ expected: String) throws {
        let found = try withFile(Data(text.utf8)) { path in
            Array(text.utf8).dropFirst(Int(LineTail.offset(in: path, lines: count)))
        }
        #expect(String(decoding: found, as: UTF8.self) == expected)
    }

    @Test func tailOfALongFile() throws {
        let lines = (0..<20_000).map { "line \($0)\n" }
        let text = lines.joined()
        let offset = try withFile(Data(text.utf8)) { LineTail.offset(in: $0, lines: 15_000) }
        #expect(String(decoding: Array(text.utf8).dropFirst(Int(offset)), as: UTF8.self) == lines.suffix(15_000).joined())
    }

    @Test func whatIsNotThereIsEmpty() {
        #expect(LineTail.offset(in: "/nonexistent/file", lines: 3) == 0)
        #expect(OutputIndex.offset(in: "/nonexistent/file", writtenSince: 0) == 0)
    }

    @Test func theIndexFindsWhatWasWrittenSince() throws {
        try withFile(Data(repeating: 65, count: 500)) { path in
            var growth = OutputIndex.Growth(since: 10_000, size: 100)
            growth.note(size: 150, at: 10_500, path: path)
            growth.note(size: 200, at: 12_000, path: path)
            growth.note(size: 300, at: 20_000, path: path)
            growth.note(size: 300, at: 30_000, path: path)
            #expect(OutputIndex.offset(in: path, writtenSince: 0) == 0)
            #expect(OutputIndex.offset(in: path, writtenSince: 11_900) == 150)
            #expect(OutputIndex.offset(in: path, writtenSince: 20_500) == 200)
            // The file itself was written just now, so what was written last is of a later time than all notes.
            #expect(OutputIndex.offset(in: path, writtenSince: 25_000) == 0)
            #expect(OutputIndex.offset(in: path, writtenSince: .max) == 500)
        }
    }

    @Test(arguments: [
        ("9223372036854775807 7\n", 7), ("5000 -7\n", 0), ("5000 501\n", 500), ("5000\n 6 7 8\nx y\n5000 3\n", 3),
    ])
    func aTornIndexIsNoCrash(_ index: String, _ offset: Int64) throws {
        try withFile(Data(repeating: 65, count: 500)) { path in
            try Data(index.utf8).write(to: URL(filePath: path + OutputIndex.suffix))
            #expect(OutputIndex.offset(in: path, writtenSince: 5000) == offset)
        }
    }

    @Test func filesOfATaskAreRemovedTogether() throws {
        let root = NSTemporaryDirectory() + "orchd-files-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let files = OutputFiles(stateDirectory: root)
        try FileManager.default.createDirectory(atPath: files.root, withIntermediateDirectories: true)
        for attempt in 1...2 { _ = try files.create(task: 1999, attempt: attempt) }
        #expect(FileManager.default.fileExists(atPath: files.path(task: 1999, attempt: 2, .err)))
        files.remove(task: 1999, attempts: 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.root) == [])
    }

    @Test func emptyFilesAreUsedAgain() throws {
        let root = NSTemporaryDirectory() + "orchd-files-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let files = OutputFiles(stateDirectory: root)
        try FileManager.default.createDirectory(atPath: files.root, withIntermediateDirectories: true)
        let (out, err) = try files.create(task: 1, attempt: 1)
        #expect(write(out.number, "first", 5) == 5)
        files.takeBackEmpty(task: 1, attempt: 1)
        let (second, _) = try files.create(task: 2, attempt: 1)
        #expect(write(second.number, "second", 6) == 6)
        func text(_ task: Int64, _ kind: OutputFiles.Kind) throws -> String {
            String(decoding: try files.read(task: task, attempt: 1, kind, at: 0, count: 100), as: UTF8.self)
        }
        // The empty one has become the other's, and what has gone into it is not to be seen under its old name.
        #expect(!FileManager.default.fileExists(atPath: files.path(task: 1, attempt: 1, .err)))
        #expect(try text(1, .out) == "first" && text(1, .err) == "" && text(2, .out) == "second")
        var (old, new) = (stat(), stat())
        #expect(fstat(err.number, &old) == 0 && fstat(second.number, &new) == 0)
        #expect(old.st_ino == new.st_ino)
    }

    @Test func whatCannotBeReadDoesNotPassForNothing() throws {
        let root = NSTemporaryDirectory() + "orchd-files-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let files = OutputFiles(stateDirectory: root)
        #expect(try files.read(task: 1, attempt: 1, .result, at: 0, count: 100) == [])
        // A directory can be opened, and not be read, by root either.
        let path = files.path(task: 1, attempt: 1, .result)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(throws: SystemError.self) { try files.read(task: 1, attempt: 1, .result, at: 0, count: 100) }
    }
}
