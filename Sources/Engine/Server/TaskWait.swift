import NIOCore
import OrchProtocol
import Scheduling
import Synchronization

/// Tasks that are known to have ended and are still to be told of, and those that have been told of.
private struct WaitState {
    var ready: Set<Int64>
    var records: [Int64: TaskRecord] = [:]
    var isTimeOver = false
}

extension Streams {
    /// `task.wait`: reports each task when it reaches its final state, and answers when all have, or one has, or the time is over.
    /// A task that asks through its door waits meanwhile, unless the answer is there at once.
    func wait(_ parameters: WaitParameters, by requester: Requester? = nil, _ responder: Responder) throws {
        try SpecRules.check(ids: parameters.ids)
        try SpecRules.check(wait: parameters.timeout)
        let wanted = Set(parameters.ids)
        for id in wanted.sorted() where try store.record(of: id, brief: true) == nil {
            throw WireError(.notFound, "there is no task \(id)", field: "ids")
        }
        // At first any may have ended already.
        let state = Mutex(WaitState(ready: wanted))
        let atDoor = requester.flatMap { DoorWait(by: $0, for: .tasks, waits) }
        let runner = responder.stream(
            readers, hearing: news,
            { events in
                let ended = events.filter { $0.kind == .taskFinished }.compactMap(\.task).filter(wanted.contains)
                state.withLock { $0.ready.formUnion(ended) }
                return !ended.isEmpty
            },
            onEnd: { atDoor?.end() }
        ) { [store] runner in
            // Whether the time was over before the look: what ended until then is in the answer.
            let (candidates, isTimeOver) = state.withLock { state in
                defer { state.ready = [] }
                return (state.ready.filter { state.records[$0] == nil }.sorted(), state.isTimeOver || parameters.timeout == 0)
            }
            var last: EventLoopFuture<Void>?
            for id in candidates {
                guard var record = try store.record(of: id, brief: true), record.state.isFinal else { continue }
                if parameters.brief == true { record = record.short }
                state.withLock { $0.records[id] = record }
                if parameters.brief != true { last = responder.notify(.finished(request: responder.id, record)) }
            }
            let records = state.withLock { $0.records }
            let isOver = records.count == wanted.count || (parameters.any == true && !records.isEmpty)
            guard isOver || isTimeOver else {
                atDoor?.begin()
                guard let last else { return runner.finished() }
                return runner.finished(again: false, after: last)
            }
            runner.end()
            atDoor?.end()
            responder.succeed(WaitResult(tasks: parameters.ids.compactMap { records[$0] }, timedOut: isOver ? nil : true))
        }
        guard let timeout = parameters.timeout else { return }
        responder.after(timeout) {
            state.withLock { $0.isTimeOver = true }
            runner.signal()
        }
    }
}
