import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// What a supervisor finds of the one before, however that ended.
@Suite struct StateFileTests {
    private func withDirectory(_ body: (String, Descriptor) throws -> Void) throws {
        var template = Array("/tmp/orchd-state-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp") }
        let path = String(cString: made)
        defer {
            unlink(path + "/state")
            rmdir(path)
        }
        try body(path + "/state", try Descriptor(opening: path, O_RDONLY | O_DIRECTORY))
    }

    private func start(_ attempt: UInt64) -> StartReport {
        StartReport(attempt: attempt, pid: 9, slot: 2, startedAt: 3, startedMonotonic: 4)
    }

    /// Leaves a file with three attempts, of which the second has ended.
    private func leave(in directory: Descriptor) throws -> UInt64 {
        let state = try StateFile(in: directory)
        state.heardUpTo = 12
        let places = [7, 8, 9].map { state.enter(start($0)) }
        if let place = places[1] { state.leave(place) }
        return state.store
    }

    @Test func theNextOneFindsWhatRan() throws {
        try withDirectory { _, directory in
            let store = try leave(in: directory)
            let state = try StateFile(in: directory)
            #expect(!state.isNew && state.store == store && state.heardUpTo == 12)
            #expect(state.leftRunning.sorted { $0.attempt < $1.attempt } == [start(7), start(9)])
        }
    }

    /// A file that is not whole says nothing, and never the half of something: another store is what tells the engine so.
    @Test func aFileThatIsCutIsANewOne() throws {
        try withDirectory { path, directory in
            for cut in Array(0...80) + [4095, 4096, 4097, 4096 + StartReport.size, 266_239] {
                unlink(path)
                let store = try leave(in: directory)
                truncate(path, off_t(cut))
                let state = try StateFile(in: directory)
                #expect(
                    state.isNew && state.store != store && state.heardUpTo == 0 && state.leftRunning.isEmpty, "cut at \(cut)")
            }
        }
    }

    /// The number comes last, so that an entry is whole or not there.
    @Test func anEntryWithoutItsNumberDoesNotCount() throws {
        try withDirectory { path, directory in
            _ = try leave(in: directory)
            let file = try Descriptor(opening: path, O_WRONLY)
            let none = [UInt8](repeating: 0, count: 8)
            #expect(pwrite(file.number, none, 8, 4096) == 8)
            let state = try StateFile(in: directory)
            #expect(!state.isNew && state.leftRunning == [start(9)])
        }
    }
}
