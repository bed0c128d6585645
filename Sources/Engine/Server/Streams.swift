import Glibc
import OrchProtocol
import Platform
import Scheduling
import Storage

/// What streams look up again each time.
protocol StreamStore: Sendable {
    func record(of id: Int64, brief: Bool) throws -> TaskRecord?
    func attempt(_ number: Int?, of id: Int64) throws -> (task: TaskItem, attempt: Attempt?)?
    func events(after seq: Int64) throws -> [Event]
    func lastEvent() throws -> Int64
    func firstEvent() throws -> Int64?
}

extension SQLiteStore: StreamStore {}

/// The methods that send notifications before their answer.
struct Streams: Sendable {
    let store: any StreamStore
    let files: OutputFiles
    let news: EventHub
    let watcher: OutputWatcher
    let readers: ReaderPool

    func wait(_ parameters: WaitParameters, _ responder: Responder) throws {
        try SpecRules.check(ids: parameters.ids)
        try SpecRules.check(wait: parameters.timeout)
        let wait = TaskWait(parameters, store: store, readers: readers, responder: responder)
        try wait.start(news)
    }

    func subscribe(_ parameters: SubscribeParameters, _ responder: Responder) throws {
        let last = try store.lastEvent()
        let after = parameters.after ?? last
        guard after >= 0, after <= last else {
            throw WireError(.invalidParameter, "there is no event \(after) yet; the latest is \(last)", field: "after")
        }
        if let first = try store.firstEvent(), after + 1 < first {
            throw WireError(
                .invalidParameter, "events up to \(first - 1) are no longer kept; start after \(first - 1)", field: "after")
        }
        let feed = EventFeed(
            after: after, until: parameters.follow == false ? last : nil, store: store, readers: readers,
            responder: responder)
        feed.start(news)
    }

    func logs(_ parameters: LogsParameters, _ responder: Responder) throws {
        guard let found = try store.attempt(parameters.attempt, of: parameters.id) else {
            throw WireError(.notFound, "there is no task \(parameters.id)", field: "id")
        }
        if let number = parameters.attempt, found.attempt == nil {
            throw WireError(.notFound, "task \(parameters.id) has no attempt \(number)", field: "attempt")
        }
        try SpecRules.check(parameters.tail, "tail", nil)
        try SpecRules.checkPart(of: parameters)
        let stream = LogStream(parameters, store: store, files: files, watcher: watcher, readers: readers, responder: responder)
        stream.start(news)
    }

    func file(_ parameters: FileParameters, _ responder: Responder) throws {
        guard let found = try store.attempt(parameters.attempt, of: parameters.id) else {
            throw WireError(.notFound, "there is no task \(parameters.id)", field: "id")
        }
        guard let attempt = found.attempt else {
            throw WireError(
                .notFound,
                parameters.attempt.map { "task \(parameters.id) has no attempt \($0)" }
                    ?? "task \(parameters.id) has not run yet",
                field: "attempt")
        }
        guard attempt.state == .ended else {
            throw WireError(
                .invalidState, "attempt \(parameters.id).\(attempt.number) has not ended; its files are kept when it has")
        }
        let files = files
        let open: @Sendable () throws -> Descriptor = {
            if let file = try files.openFile(parameters.name, task: parameters.id, attempt: attempt.number) { return file }
            throw WireError(
                .notFound,
                "attempt \(parameters.id).\(attempt.number) has no such file; task.get names the kept files",
                field: "name")
        }
        let file = try open()
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw SystemError("read the file \"\(parameters.name)\"") }
        let end = FileEnd(attempt: attempt.number, name: parameters.name, size: Int64(status.st_size))
        let offset = parameters.offset ?? 0
        guard (0...end.size).contains(offset) else {
            throw WireError(.invalidParameter, "the file has \(end.size) bytes", field: "offset")
        }
        FileStream(end, from: offset, readers: readers, responder: responder, open: open).start()
    }
}
