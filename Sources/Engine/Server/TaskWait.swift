import NIOCore
import OrchProtocol
import Storage
import Synchronization

/// One `task.wait`: reports each task when it reaches its final state, and answers when all have, or one has, or the time is over.
final class TaskWait: Sendable {
    private struct State {
        var open: Set<Int64>
        /// Tasks that are known to have ended and are still to be told of.
        var ready: Set<Int64>
        var records: [Int64: TaskRecord] = [:]
        var isTimeOver = false
    }

    private let parameters: WaitParameters
    private let store: any StreamStore
    private let readers: ReaderPool
    private let responder: Responder
    private let state: Mutex<State>

    init(_ parameters: WaitParameters, store: any StreamStore, readers: ReaderPool, responder: Responder) {
        self.parameters = parameters
        self.store = store
        self.readers = readers
        self.responder = responder
        // At first any may have ended already.
        state = Mutex(State(open: Set(parameters.ids), ready: Set(parameters.ids)))
    }

    /// - Throws: ``WireError`` where a task does not exist.
    func start(_ news: EventHub) throws {
        let wanted = Set(parameters.ids)
        for id in wanted.sorted() where try store.record(of: id, brief: true) == nil {
            throw WireError(.notFound, "there is no task \(id)", field: "ids")
        }
        let runner = responder.stream(
            readers, hearing: news,
            { events in
                let ended = events.filter { $0.kind == .taskFinished }.compactMap(\.task).filter(wanted.contains)
                self.state.withLock { $0.ready.formUnion(ended) }
                return !ended.isEmpty
            }
        ) { try self.step($0) }
        guard let timeout = parameters.timeout else { return }
        responder.after(timeout) {
            self.state.withLock { $0.isTimeOver = true }
            runner.signal()
        }
    }

    private func step(_ runner: CoalescingRunner) throws {
        // Whether the time was over before the look: what ended until then is in the answer.
        let (candidates, isTimeOver) = state.withLock { state in
            defer { state.ready = [] }
            return (state.ready.filter(state.open.contains).sorted(), state.isTimeOver || parameters.timeout == 0)
        }
        var last: EventLoopFuture<Void>?
        for id in candidates {
            guard var record = try store.record(of: id, brief: true), record.state.isFinal else { continue }
            if parameters.brief == true { record = record.short }
            state.withLock { state in
                state.open.remove(id)
                state.records[id] = record
            }
            if parameters.brief == true { continue }
            last = responder.notify(.finished(request: responder.id, record))
        }
        let (isOver, records) = state.withLock { state in
            (state.open.isEmpty || (parameters.any == true && !state.records.isEmpty), state.records)
        }
        guard isOver || isTimeOver else {
            guard let last else { return runner.finished() }
            return runner.finished(again: false, after: last)
        }
        runner.end()
        responder.succeed(WaitResult(tasks: parameters.ids.compactMap { records[$0] }, timedOut: isOver ? nil : true))
    }
}
