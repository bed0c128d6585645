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
        let runner = CoalescingRunner(readers: readers) { self.run($0) }
        let wanted = Set(ids)
        // Listening begins before the first look, so that no end falls between the two.
        let listener = news.listen { events in
            let ended = events.filter { $0.kind == .taskFinished }.compactMap(\.task).filter(wanted.contains)
            guard !ended.isEmpty else { return }
            self.state.withLock { $0.ready.formUnion(ended) }
            runner.signal()
        }
        responder.onClose {
            news.remove(listener)
            runner.end()
        }
        for id in wanted.sorted() where try store.record(of: id, brief: true) == nil {
            news.remove(listener)
            throw WireError(.notFound, "there is no task \(id)", field: "ids")
        }
        runner.signal()
    }

    private func run(_ runner: CoalescingRunner) {
        let candidates = state.withLock { state in
            defer { state.ready = [] }
            return state.ready.filter(state.open.contains).sorted()
        }
        do {
            var last: EventLoopFuture<Void>?
            for id in candidates {
                guard let record = try store.record(of: id, brief: true), record.state.isFinal else { continue }
                state.withLock { state in
                    state.open.remove(id)
                    state.records[id] = record
                }
                last = responder.notify(.finished(request: responder.id, record))
            }
            let isDone = state.withLock { $0.open.isEmpty }
            guard !isDone else {
                runner.end()
                let records = state.withLock { state in ids.compactMap { state.records[$0] } }
                return responder.succeed(WaitResult(tasks: records))
            }
            guard let last else { return runner.finished() }
            last.whenComplete { result in
                if case .success = result { runner.finished() } else { runner.end() }
            }
        } catch {
            runner.end()
            responder.fail(WireError(storage: error))
        }
    }
}
