import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

@Suite struct ExitStoreTests {
    private func report(_ attempt: UInt64) -> EndReport {
        let start = StartReport(attempt: attempt, pid: 1, slot: 1, startedAt: 2, startedMonotonic: 3)
        return EndReport(start: start, ending: .exited, code: 0, endedAt: 4, endedMonotonic: 5)
    }

    private func withDirectory(_ body: (String, Descriptor) throws -> Void) throws {
        var template = Array("/tmp/orchd-exits-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp") }
        let path = String(cString: made)
        defer {
            unlink(path + "/exits")
            rmdir(path)
        }
        try body(path, try Descriptor(opening: path, O_RDONLY | O_DIRECTORY))
    }

    private func size(_ path: String) -> Int {
        var status = stat()
        stat(path + "/exits", &status)
        return Int(status.st_size)
    }

    @Test func aLargeFileIsCompacted() throws {
        try withDirectory { path, directory in
            let store = try ExitStore(in: directory, discarding: false)
            let count = UInt64(ExitStore.compactionSize / EndReport.size + 10)
            for first in stride(from: 1, through: count, by: 100) {
                store.append((first..<min(first + 100, count + 1)).map(report))
            }
            #expect(size(path) > ExitStore.compactionSize)
            #expect(store.acknowledge(Array(1...(count - 5))).count == Int(count) - 5)
            #expect(size(path) == 5 * EndReport.size)
            store.append([report(count + 1)])
            let again = try ExitStore(in: directory, discarding: false)
            #expect(again.reports.keys.sorted() == Array((count - 4)...(count + 1)))
            #expect(again.acknowledge(again.reports.keys.sorted()).count == 6)
            #expect(size(path) == 0)
            #expect(try ExitStore(in: directory, discarding: false).reports.isEmpty)
        }
    }

    /// As where the supervisor was killed, or /run was full, within the write of some ends.
    @Test func aFileThatWasCutAnywhereHasItsWholeRecords() throws {
        try withDirectory { path, directory in
            for cut in 0...3 * EndReport.size {
                unlink(path + "/exits")
                try ExitStore(in: directory, discarding: false).append([report(1), report(2), report(3)])
                truncate(path + "/exits", off_t(cut))
                let store = try ExitStore(in: directory, discarding: false)
                let whole = (1...3).prefix(cut / EndReport.size).map { UInt64($0) }
                #expect(store.reports.keys.sorted() == whole, "cut at \(cut)")
                // What comes then is not behind half a record.
                store.append([report(4)])
                let again = try ExitStore(in: directory, discarding: false)
                #expect(again.reports == [4: report(4)].merging(whole.map { ($0, report($0)) }) { $1 }, "cut at \(cut)")
            }
        }
    }

    @Test func aFileOfAnotherBootIsDiscarded() throws {
        try withDirectory { path, directory in
            try ExitStore(in: directory, discarding: false).append([report(1)])
            #expect(try ExitStore(in: directory, discarding: true).reports.isEmpty)
            #expect(size(path) == 0)
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func aFullFileSystemCostsNoRecord() throws {
        try withDirectory { path, directory in
            // 64 KiB, of which a filler leaves less than a page.
            guard mount("none", path, "tmpfs", 0, "size=64k") == 0 else { return }
            defer { umount(path) }
            let inner = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
            let store = try ExitStore(in: inner, discarding: false)
            let filler = try Descriptor(opening: path + "/filler", O_WRONLY | O_CREAT, mode: 0o600)
            let page = [UInt8](repeating: 1, count: 4096)
            while write(filler.number, page, page.count) > 0 {}
            for attempt in UInt64(1)...10 { store.append([report(attempt)]) }
            #expect(store.reports.count == 10)
            ftruncate(filler.number, 0)
            for attempt in UInt64(11)...100 { store.append([report(attempt)]) }
            #expect(try ExitStore(in: inner, discarding: false).reports.count >= 60, "it is written again when there is room")
            #expect(store.acknowledge(Array(1...100)).count == 100)
        }
    }
}
