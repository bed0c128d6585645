import OrchProtocol
import Scheduling
import Storage

/// What streams look up again each time.
protocol StreamStore: Sendable {
    func record(of id: Int64, brief: Bool) throws -> TaskRecord?
    func attempt(_ number: Int?, of id: Int64) throws -> (task: TaskItem, attempt: Attempt?)?
    func question(_ id: QuestionID) throws -> Question?
    func events(after seq: Int64) throws -> [Event]
    func lastEvent() throws -> Int64
    func firstEvent() throws -> Int64?
    func descendants(of task: Int64, among ids: [Int64]) throws -> Set<Int64>
}

extension SQLiteStore: StreamStore {}

/// The methods that send notifications before their answer: each is a file of its own.
struct Streams: Sendable {
    let store: any StreamStore
    let files: OutputFiles
    let news: EventHub
    let watcher: OutputWatcher
    let readers: ReaderPool
    /// Tells the turns that a task waits at its door, and no longer.
    var waits: @Sendable ([Input]) -> Void = { _ in }

    /// A task and the attempt that a request names, or its latest.
    func find(_ number: Int?, of id: Int64) throws -> (task: TaskItem, attempt: Attempt?) {
        guard let found = try store.attempt(number, of: id) else {
            throw WireError(.notFound, "there is no task \(id)", field: "id")
        }
        if let number, found.attempt == nil {
            throw WireError(.notFound, "task \(id) has no attempt \(number)", field: "attempt")
        }
        return found
    }
}
