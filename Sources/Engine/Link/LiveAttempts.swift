import Agents
import OrchProtocol
import Synchronization

/// What the engine needs to know at once of the attempts that have not ended, by their ids. It is rebuilt from the store when a
/// report comes of one that an earlier engine had launched.
final class LiveAttempts: Sendable {
    struct Entry: Sendable, Equatable {
        var task: Int64
        var number: Int
        var pool: String
        /// Who owes a result, and how it is read; nil for commands.
        var agent: AgentDefinition?
        /// That the task asks for.
        var model: String?
        /// Whether the result must satisfy a JSON Schema.
        var hasSchema = false
        /// For sentences about a failed start.
        var program: String?
        var path: String?
        var directory: String?
        var outputLimit: Int64
        /// Whether its output is copied to the journal.
        var isRelayed = false
        /// Whether it is the program of a rule, and not the task.
        var isRouting = false
        /// Whether a warm worker has it.
        var isWarm = false
        /// What the worker last said of its progress, and when, on the monotonic clock.
        var progress: WorkerMessage.Progress?
        var progressAt: Int64?
        /// The worker has given its result.
        var hasResult = false
    }

    private let entries = Mutex<[Int64: Entry]>([:])

    func insert(_ attempt: Int64, _ entry: Entry) { entries.withLock { $0[attempt] = entry } }
    func insertIfMissing(_ attempt: Int64, _ entry: Entry) {
        entries.withLock { if $0[attempt] == nil { $0[attempt] = entry } }
    }
    func update(_ attempt: Int64, _ change: (inout Entry) -> Void) {
        entries.withLock { entries in
            guard var entry = entries[attempt] else { return }
            change(&entry)
            entries[attempt] = entry
        }
    }
    func remove(_ attempt: Int64) { entries.withLock { _ = $0.removeValue(forKey: attempt) } }
    subscript(_ attempt: Int64) -> Entry? { entries.withLock { $0[attempt] } }
    var all: [Int64: Entry] { entries.withLock { $0 } }
}
