import Foundation
import OrchProtocol
import Scheduling
import Storage

/// Takes no-op tasks through the turns of an engine: submitted in batches, dispatched with run-ahead, ended, acknowledged. For an
/// instrument that counts instructions, so everything is the same in every run: no clock, no disk that matters, no supervisor.
@main
enum TurnCost {
    static func main() throws {
        guard CommandLine.arguments.count == 2, let count = Int(CommandLine.arguments[1]), count > 0 else {
            throw Usage()
        }
        let memory = "/dev/shm"
        let parent = FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
        let directory = "\(parent)/orchd-turn-cost-\(getpid())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var line = AssemblyLine(store: try SQLiteStore(path: directory + "/queue.db"))
        let turns = try line.work(off: count)
        print("\(count) tasks in \(turns) turns")
    }

    struct Usage: Error, CustomStringConvertible {
        var description: String { "usage: turn-cost COUNT" }
    }
}
