import FoundationEssentials
import OrchProtocol

/// A line of a warm worker: whatever a pool's program writes.
enum WorkerTarget: FuzzTarget {
    static let name = "worker"

    static func check(_ input: [UInt8]) throws {
        let message: WorkerMessage
        do {
            message = try WorkerMessage(line: Data(input))
        } catch {
            return try hold(error.message.hasPrefix("sent ") && error.message.utf8.count <= 400, "a complaint without end")
        }
        guard case .result(let result) = message else { return }
        try hold(WorkerMessage.Result.Status.allCases.contains(result.status), "a result that is none")
    }
}
