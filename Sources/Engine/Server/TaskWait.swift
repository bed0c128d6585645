import NIOCore
import OrchProtocol
import Storage
import Synchronization

/// One `task.wait`: reports each task when it reaches its final state, and answers when all have.
final class TaskWait: Sendable {
    private struct State {
        var open: Set<Int64>
        /// Tasks that are known to have ended and are still to be told of.
        var ready: Set<Int64>
        var records: [Int64: TaskRecord] = [:]
    }

    private let ids: [Int64]
    private let store: any StreamStore
    private let readers: ReaderPool
    private let responder: Responder
    private let state: Mutex<State>

    init(ids: [Int64], store: any StreamStore, readers: ReaderPool, responder: Responder) {
        self.ids = ids
        self.store = store
        self.readers = readers
        self.responder = responder
        // At first any may have ended already.
        state = Mutex(State(open: Set(ids), ready: Set(ids)))
    }

    /// - Throws: ``WireError`` where a task does not exist.
    func start(_ news: EventHub) throws {
        let wanted = Set(ids)
        for id in wanted.sorted() where try store.record(of: id, brief: true) == nil {
            throw WireError(.notFound, "there is no task \(id)", field: "ids")
        }
        responder.stream(
            readers, hearing: news,
            { events in
                let ended = events.filter { $0.kind == .taskFinished }.compactMap(\.task).filter(wanted.contains)
                self.state.withLock { $0.ready.formUnion(ended) }
                return !ended.isEmpty
            }
        ) { try self.step($0) }
    }

    private func step(_ runner: CoalescingRunner) throws {
        let candidates = state.withLock { state in
            defer { state.ready = [] }
            return state.ready.filter(state.open.contains).sorted()
        }
        var last: EventLoopFuture<Void>?
        for id in candidates {
            guard let record = try store.record(of: id, brief: true), record.state.isFinal else { continue }
            state.withLock { state in
                state.open.remove(id)
                state.records[id] = record
            }
            last = responder.notify(.finished(request: responder.id, record))
        }
        guard state.withLock({ $0.open.isEmpty }) else {
            guard let last else { return runner.finished() }
            return runner.finished(again: false, after: last)
        }
        runner.end()
        responder.succeed(WaitResult(tasks: state.withLock { state in ids.compactMap { state.records[$0] } }))
    }
}
