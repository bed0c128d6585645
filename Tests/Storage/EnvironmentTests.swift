import Foundation
import GRDB
import OrchProtocol
import Scheduling
import TestSupport
import Testing

@testable import Storage

/// The variables of tasks stand in rows of their own: each set once, and not longer than a task has it.
@Suite struct EnvironmentTests {
    private static let plain = item()

    let directory: ScratchDirectory
    var path: String { directory.path("queue.db") }

    init() throws { directory = try ScratchDirectory() }

    private func task(_ environment: [ByteString: ByteString]) -> TaskItem {
        var item = Self.plain
        item.definition.environment = environment
        return item
    }

    private func change(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    private func rows(_ store: SQLiteStore) throws -> [Data] {
        try store.read { try Data.fetchAll($0, sql: "SELECT variables FROM environment ORDER BY variables") }
    }

    @Test func eachIsStoredOnceAndGoesWithItsLastTask() throws {
        var store = try SQLiteStore(path: path)
        var random = SeededGenerator(16)
        let environments: [[ByteString: ByteString]] = [
            [:], ["A": "1"], ["A": "2"], ["A": "1", "B": ""], ["A": ByteString(Array(repeating: 0xFF, count: 20_000))],
        ]
        var tasks: [Int64: [ByteString: ByteString]] = [:]
        for step in 0..<200 {
            if Int.random(in: 0..<5, using: &random) < 2, !tasks.isEmpty {
                let gone = tasks.keys.sorted().shuffled(using: &random).prefix(3)
                try store.transaction { try $0.remove(try gone.compactMap($0.task)) }
                for id in gone { tasks[id] = nil }
            } else {
                let environment = environments[Int.random(in: 0..<environments.count, using: &random)]
                tasks[try store.insert([task(environment)])[0]] = environment
            }
            if step % 50 == 49 {
                try store.close()
                store = try SQLiteStore(path: path)
            }
            let read = try store.transaction { transaction in try tasks.keys.map { try transaction.task($0) } }
            #expect(read.compactMap { $0?.definition.environment } == Array(tasks.values), "step \(step)")
            #expect(try rows(store).count == Set(tasks.values.filter { !$0.isEmpty }).count, "step \(step)")
        }
        let rest = Array(tasks.keys)
        try store.transaction { try $0.remove(try rest.compactMap($0.task)) }
        #expect(try rows(store).isEmpty)
        try store.close()
    }

    /// Of one hash by intention: they are kept apart, and whoever looks among them looks at a few only.
    @Test func twoOfOneHashAreTwo() throws {
        let store = try SQLiteStore(path: path)
        let wanted = task(["WANTED": "1"])
        let first = try store.insert([wanted])[0]
        let hash = try store.read { try Int64.fetchOne($0, sql: "SELECT hash FROM environment") }
        for number in 0..<20 {
            try store.insert([task(["N": ByteString("\(number)")])])
            try store.transaction { try $0.db.run("UPDATE environment SET hash = ?", [hash]) }
        }
        let second = try store.insert([wanted])[0]
        let other = try store.insert([task(["N": "3"])])[0]
        let read = try store.transaction { transaction in try [first, second, 5, other].map { try transaction.task($0) } }
        #expect(
            read.map { $0?.definition.environment } == [["WANTED": "1"], ["WANTED": "1"], ["N": "3"], ["N": "3"]])
        try store.close()
    }

    /// A task must not run without what it was given.
    @Test func aTaskWhoseRowIsMissingIsDamage() throws {
        let store = try SQLiteStore(path: path)
        let ids = try store.insert([task(["A": "1"]), task([:])])
        try store.close()
        _ = try StoppedDatabase.verify(path)
        try change("DELETE FROM environment")
        #expect(throws: StorageError.self) { try StoppedDatabase.verify(path) }
        let damaged = try SQLiteStore(path: path)
        let error = #expect(throws: StorageError.self) { try damaged.transaction { _ = try $0.task(ids[0]) } }
        #expect(error?.code == .damaged)
        #expect(try damaged.transaction { try $0.task(ids[1]) }?.definition.environment == [:])
        // It can be looked at, and be removed.
        #expect(try damaged.record(of: ids[0], brief: true)?.id == ids[0])
        try damaged.close()
    }

    /// SQLite counts the steps of its statements, with those of triggers and references.
    @Test func neitherManyTasksNorManyEnvironmentsCostMore() throws {
        var costs: [[Int]] = []
        for count in [100, 5_000] {
            let store = try SQLiteStore(path: directory.path("\(count).db"))
            try store.insert((0..<count).map { task(["A": ByteString("\($0)")]) })
            let shared = try store.insert((0..<count).map { _ in task(["SHARED": "1"]) })
            func steps(_ body: (SQLiteTransaction) throws -> Void) throws -> Int {
                try store.transaction { transaction in
                    _ = vmSteps(transaction.db)
                    try body(transaction)
                    return vmSteps(transaction.db)
                }
            }
            costs.append([
                try steps { _ = try $0.insert(task(["SHARED": "1"]), input: nil) },
                try steps { _ = try $0.insert(task(["NEW": "1"]), input: nil) },
                try steps { _ = try $0.task(shared[0]) },
                try steps { try $0.remove(try [shared[0]].compactMap($0.task)) },
                try steps { try $0.remove(try [1].compactMap($0.task)) },
            ])
            try store.close()
        }
        for (few, many) in zip(costs[0], costs[1]) { #expect(many <= few + few / 5 + 20, "\(costs)") }
        #expect(costs[0].allSatisfy { $0 > 0 })
    }
}
