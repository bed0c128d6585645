import Agents
import OrchProtocol
import Scheduling
import Synchronization

/// What the engine needs to know at once of the attempts that have not ended, by their ids. It is rebuilt from the store when a
/// report comes of one that an earlier engine had launched.
final class LiveAttempts: Sendable {
    struct Entry: Sendable, Equatable {
        var task: Int64
        var number: Int
        var pool: String
        /// Whose the task is.
        var submitter: UInt32
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
        /// What the worker or the task last said of its progress, and when the worker did, on the monotonic clock.
        var progress: TaskProgress?
        var progressAt: Int64?
        /// The worker has given its result.
        var hasResult = false
    }

    private struct Live {
        var entries: [Int64: Entry] = [:]
        /// The latest attempt of each task.
        var latest: [Int64: Int64] = [:]

        subscript(attempt: Int64) -> Entry? {
            get { entries[attempt] }
            set {
                let task = (newValue ?? entries[attempt])?.task
                entries[attempt] = newValue
                guard let task else { return }
                if let newValue {
                    // What is heard late of one before must not hide it.
                    let known = latest[task].flatMap { entries[$0] }?.number ?? 0
                    if newValue.number >= known { latest[task] = attempt }
                } else if latest[task] == attempt {
                    latest[task] = nil
                }
            }
        }
    }

    private let live = Mutex(Live())
    /// The pools of warm workers, with a task and without.
    private let workers = Mutex<[Int64: String]>([:])

    func insert(_ attempt: Int64, _ entry: Entry) { live.withLock { $0[attempt] = entry } }
    func insertIfMissing(_ attempt: Int64, _ entry: Entry) {
        live.withLock { if $0[attempt] == nil { $0[attempt] = entry } }
    }
    func update(_ attempt: Int64, _ change: (inout Entry) -> Void) {
        live.withLock { live in
            guard var entry = live[attempt] else { return }
            change(&entry)
            live[attempt] = entry
        }
    }
    /// Keeps what a task says of its progress. False where it does not run.
    func note(_ progress: TaskProgress, of task: Int64) -> Bool {
        live.withLock { live in
            guard let attempt = live.latest[task] else { return false }
            live.entries[attempt]?.progress = progress
            return true
        }
    }
    /// What some tasks have said of their progress, by their ids.
    func progress(of tasks: [Int64]) -> [Int64: TaskProgress] {
        live.withLock { live in
            tasks.reduce(into: [:]) { $0[$1] = live.latest[$1].flatMap { live.entries[$0] }?.progress }
        }
    }
    func remove(_ attempt: Int64) { live.withLock { $0[attempt] = nil } }
    subscript(_ attempt: Int64) -> Entry? { live.withLock { $0[attempt] } }
    var all: [Int64: Entry] { live.withLock { $0.entries } }

    func insert(worker: Int64, in pool: String) { workers.withLock { $0[worker] = pool } }
    func remove(worker: Int64) { workers.withLock { $0[worker] = nil } }

    /// The pool of an attempt, or of a worker; nil for one that is not known, or not any more.
    func pool(of attempt: Int64) -> String? { self[attempt]?.pool ?? workers.withLock { $0[attempt] } }

    /// By the name of its cgroup, which is that of its workspace.
    func attempt(named name: String) -> Int64? {
        if let worker = Worker.id(named: name) { return pool(of: worker).map { _ in worker } }
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
        guard numbers.count == 2, let task = Int64(numbers[0]), let number = Int(numbers[1]) else { return nil }
        return live.withLock { live in
            guard let attempt = live.latest[task], let entry = live.entries[attempt] else { return nil }
            return entry.number == number && !entry.isWarm ? attempt : nil
        }
    }
}
