import Foundation
import OrchProtocol
import Scheduling
import TestSupport
import Testing

@testable import Storage

/// What a disk may leave of the files: parts that were never written, zeros, ends cut off. Such a queue is refused, or recovered up to
/// a commit; never is it less than that without a word.
@Suite struct DamageTests {
    private static let settled = 300
    private static let logged = 60
    private static let rounds = ProcessInfo.processInfo.environment["ORCHD_TORTURE"] == nil ? 60 : 2_000

    /// A database with tasks in its file, and one commit for each of others in its log.
    private struct Sample {
        let database: Data
        let log: Data
        /// The database as it is when the log has been moved into it.
        let whole: Data

        init() throws {
            let directory = try ScratchDirectory()
            let path = directory.path("queue.db")
            var store = try SQLiteStore(path: path)
            func insert(_ count: Int) throws {
                try store.insert((0..<count).map { _ in item { $0.reason = String(repeating: "why ", count: 100) } })
            }
            try insert(settled)
            try store.close()
            store = try SQLiteStore(path: path)
            for _ in 0..<logged { try insert(1) }
            database = try directory.data("queue.db")
            log = try directory.data("queue.db-wal")
            try store.close()
            whole = try directory.data("queue.db")
        }
    }

    private static let sample = Result { try Sample() }

    enum Fate: CaseIterable {
        case cutOff, zeros, rubbish

        func befall(_ data: Data, unit: Int, _ random: inout SeededGenerator) -> Data {
            let units = max(1, data.count / unit)
            let start = Int.random(in: 0..<units, using: &random) * unit
            let end = min(data.count, start + unit * Int.random(in: 1...max(1, units / 4), using: &random))
            var data = data
            switch self {
            case .cutOff: return data.prefix(Int.random(in: 0..<data.count, using: &random))
            case .zeros: data.replaceSubrange(start..<end, with: Data(count: end - start))
            case .rubbish: data.replaceSubrange(start..<end, with: (start..<end).map { _ in random.byte() })
            }
            return data
        }
    }

    private func write(_ database: Data, _ log: Data?) throws -> ScratchDirectory {
        let directory = try ScratchDirectory()
        try database.write(to: directory.url.appendingPathComponent("queue.db"))
        try log?.write(to: directory.url.appendingPathComponent("queue.db-wal"))
        return directory
    }

    /// Opens it and reads everything. Nil where either is refused as damaged; any other error is one of the test.
    private func ids(_ directory: ScratchDirectory) throws -> [Int64]? {
        do {
            let store = try SQLiteStore(path: directory.path("queue.db"))
            defer { try? store.close() }
            let ids = try store.page(ListParameters(), limit: 1_000_000).tasks.map(\.id)
            #expect(store.counts.tasks(in: "default").ready == ids.count || (try? StoppedDatabase.verify(store.path)) == nil)
            return ids.sorted()
        } catch let error as StorageError where error.code == .damaged || error.code == .newer {
            return nil
        }
    }

    @Test(arguments: Fate.allCases) func aDamagedDatabaseIsNeverLess(fate: Fate) throws {
        let sample = try Self.sample.get()
        let all = (1...Int64(Self.settled + Self.logged)).map(\.self)
        var refused = 0
        for round in 0..<Self.rounds {
            var random = SeededGenerator(UInt64(round))
            let damaged = fate.befall(sample.whole, unit: 4096, &random)
            let directory = try write(damaged, nil)
            let verified = try? StoppedDatabase.verify(directory.path("queue.db"))
            let ids = try ids(directory)
            // Pages of indexes and events may be gone without a task being so.
            #expect(ids == nil || ids == all, "seed \(round)")
            #expect(verified == nil || damaged == sample.whole, "seed \(round): found sound")
            refused += ids == nil ? 1 : 0
            if verified == nil, ids == nil, fate == .cutOff {
                #expect(try directory.data("queue.db") == damaged, "seed \(round): touched")
            }
        }
        #expect(refused > Self.rounds / 4)
    }

    @Test(arguments: Fate.allCases) func aDamagedLogIsRecoveredUpToACommit(fate: Fate) throws {
        let sample = try Self.sample.get()
        var recovered: Set<Int> = []
        for round in 0..<Self.rounds {
            var random = SeededGenerator(UInt64(round) + 1_000_000)
            let directory = try write(sample.database, fate.befall(sample.log, unit: 512, &random))
            let ids = try #require(try ids(directory), "seed \(round)")
            #expect(ids == (0..<ids.count).map { Int64($0 + 1) } && ids.count >= Self.settled, "seed \(round): \(ids.count)")
            recovered.insert(ids.count)
            // It goes on from there.
            let store = try SQLiteStore(path: directory.path("queue.db"))
            #expect(try store.insert([item()])[0] == Int64(ids.count + 1), "seed \(round)")
            try store.close()
        }
        #expect(recovered.count > 3, "all damage was alike")
    }

    @Test(arguments: Fate.allCases) func aDamagedDatabaseBesideItsLogIsNeverLess(fate: Fate) throws {
        let sample = try Self.sample.get()
        for round in 0..<Self.rounds {
            var random = SeededGenerator(UInt64(round) + 2_000_000)
            let directory = try write(fate.befall(sample.database, unit: 4096, &random), sample.log)
            let ids = try ids(directory)
            #expect(ids == nil || ids?.count == Self.settled + Self.logged, "seed \(round): \(ids?.count ?? 0)")
        }
    }

    @Test func aDatabaseOfZerosIsRefusedWhateverItsSize() throws {
        for size in [0, 1, 99, 100, 512, 4096, 8192, 1 << 20] {
            for log in [nil, try Self.sample.get().log] {
                let directory = try write(Data(count: size), log)
                #expect(try ids(directory) == nil, "\(size) bytes")
                #expect(try directory.data("queue.db") == Data(count: size))
                if let log { #expect(try directory.data("queue.db-wal") == log) }
            }
        }
    }
}
