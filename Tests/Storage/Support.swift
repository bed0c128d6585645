import Foundation
import GRDB
import OrchProtocol
import Scheduling

@testable import Storage

/// A directory that goes with its last user; in memory where the system has such a place, since tests wait for many commits.
final class ScratchDirectory {
    let url: URL

    init() throws {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let parent =
            FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
        url = parent.appendingPathComponent("orchd-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }
    func data(_ name: String) throws -> Data { try Data(contentsOf: url.appendingPathComponent(name)) }
}

/// SplitMix64, so that a seed tells the whole run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

func item(
    _ pool: String = "default", phase: Phase = .ready, priority: Int = 0, fill: (inout TaskItem) -> Void = { _ in }
) -> TaskItem {
    var item = TaskItem(
        definition: TaskDefinition(work: .command(["true"]), submitter: 1000, submittedAt: 1), pool: pool, phase: phase,
        priority: priority)
    fill(&item)
    return item
}

extension SQLiteStore {
    @discardableResult
    func insert(_ items: [TaskItem]) throws -> [Int64] {
        try transaction { transaction in try items.map { try transaction.insert($0, input: nil) } }
    }
}

extension SQLiteTransaction {
    /// Moves a task to a phase, whatever that means.
    func move(_ id: Int64, to phase: Phase, finishedAt: Int64? = nil) throws {
        guard var task = try task(id) else { return }
        let place = task.place
        task.phase = phase
        task.finishedAt = finishedAt
        try update(task, from: place)
    }
}
