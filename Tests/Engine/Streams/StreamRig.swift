import DaemonConfiguration
import Foundation
import Logging
import NIOCore
import NIOEmbedded
import OrchProtocol
import Platform
import Scheduling
import Storage
import Synchronization
import TestSupport

@testable import Engine

/// What streams live in, on one thread: a real store, real files, real news, and a client. What is to run on other threads runs when
/// the test says so, and whatever the test likes happens before and after each look at the store.
final class StreamRig: Sendable {
    private struct State {
        var runs: [ReaderPool.Body] = []
        var onLook: (@Sendable () throws -> Void)?
        var isLooking = false
        var failure: (any Error)?
    }

    let store: SQLiteStore
    let files: OutputFiles
    let watcher: OutputWatcher
    let client: StreamClient
    let news: EventHub
    private let directory: ScratchDirectory
    private let state = Mutex(State())

    init(isClientSlow: Bool = false) throws {
        directory = try ScratchDirectory()
        store = try SQLiteStore(path: directory.path("queue.db"))
        files = OutputFiles(stateDirectory: directory.url.path)
        try makeDirectory(files.root)
        watcher = try OutputWatcher(
            files: files, inbox: try Inbox(), relay: try JournalRelay(files: files), log: Logger(label: "test"))
        news = EventHub(
            journal: JournalWriter(
                log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                users: TaskUsers(configuration: CurrentConfiguration(Configuration())), queue: try SerialQueue("journal")))
        client = StreamClient(isSlow: isClientSlow)
    }

    deinit { try? store.close() }

    /// The client goes, and with it what holds on to the rig.
    func end() {
        client.close()
        state.withLock {
            $0.onLook = nil
            $0.runs = []
        }
    }

    var streams: Streams {
        Streams(
            store: HookedStore(base: store) { self.look() }, files: files, news: news, watcher: watcher,
            readers: ReaderPool { body in self.state.withLock { $0.runs.append(body) } })
    }

    /// As a task, or as a user.
    func subscribe(_ parameters: SubscribeParameters, as task: Int64? = nil) throws {
        let requester = task.map { Requester.task($0, attempt: 1, uid: 1000) } ?? Requester(uid: 1000, isAdministrator: false)
        try streams.subscribe(parameters, Sight(of: requester, in: store), responder())
    }

    func responder() -> Responder { Responder(id: .number(1), kind: .stream, connection: client) }

    /// What happens before and after each look at the store.
    func onLook(_ body: @escaping @Sendable () throws -> Void) { state.withLock { $0.onLook = body } }

    private func look() {
        let body = state.withLock { state in
            guard !state.isLooking else { return nil as (@Sendable () throws -> Void)? }
            state.isLooking = true
            return state.onLook
        }
        guard let body else { return }
        do { try body() } catch { state.withLock { $0.failure = error } }
        state.withLock { $0.isLooking = false }
    }

    /// Runs what waits for a thread, and lets the client take what has been sent, until there is neither.
    func settle() throws {
        while true {
            if let run = state.withLock({ $0.runs.isEmpty ? nil : $0.runs.removeFirst() }) {
                run()
            } else if !client.take() {
                break
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// One turn of the daemon: a transaction, and then its events for those who listen.
    func turn(_ body: (SQLiteTransaction) throws -> [Event]) throws {
        let events = try store.transaction { transaction in
            let events = try body(transaction)
            if !events.isEmpty { _ = try transaction.append(events) }
            return events
        }
        if !events.isEmpty { news.publish(events) }
    }

    func submit(below parent: Int64 = 0) throws -> Int64 {
        var item = TaskItem(
            definition: TaskDefinition(work: .command(["true"]), submitter: 1000, submittedAt: 1), pool: "p", phase: .active)
        item.ancestry.parent = parent
        return try store.transaction { try $0.insert(item, input: nil) }
    }

    /// Ends a task, as a turn does.
    func finish(_ task: Int64) throws {
        try turn { transaction in
            try transaction.change(task) { $0.phase = .succeeded }
            return [.of(task, .taskFinished)]
        }
    }
}

extension SQLiteTransaction {
    func change(_ id: Int64, _ change: (inout TaskItem) -> Void) throws {
        guard var task = try task(id) else { return }
        let place = task.place
        change(&task)
        try update(task, from: place)
    }
}

extension Event {
    static func of(_ task: Int64, _ kind: Kind) -> Event {
        var event = Event(at: Timestamp(milliseconds: 1_800_000_000_000), kind: kind)
        event.task = task
        return event
    }
}

/// A store, and somebody who does something before and after each look at it.
private struct HookedStore: StreamStore {
    let base: SQLiteStore
    let hook: @Sendable () -> Void

    private func looking<R>(_ body: () throws -> R) rethrows -> R {
        hook()
        defer { hook() }
        return try body()
    }

    func record(of id: Int64, brief: Bool) throws -> TaskRecord? { try looking { try base.record(of: id, brief: brief) } }
    func attempt(_ number: Int?, of id: Int64) throws -> (task: TaskItem, attempt: Attempt?)? {
        try looking { try base.attempt(number, of: id) }
    }
    func question(_ id: QuestionID) throws -> Question? { try looking { try base.question(id) } }
    func events(after seq: Int64) throws -> [Event] { try looking { try base.events(after: seq) } }
    func descendants(of task: Int64, among ids: [Int64]) throws -> Set<Int64> {
        try looking { try base.descendants(of: task, among: ids) }
    }
    func lastEvent() throws -> Int64 { try base.lastEvent() }
    func firstEvent() throws -> Int64? { try base.firstEvent() }
}

/// A client that keeps what it is sent. A slow one takes it only when it is asked to.
final class StreamClient: ReplyPath {
    private struct State {
        var notifications: [OrchProtocol.Notification] = []
        var answers: [any Sendable] = []
        var untaken: [EventLoopPromise<Void>] = []
        var onEnd: [@Sendable () -> Void] = []
        var timers: [@Sendable () -> Void] = []
    }

    private let loop = EmbeddedEventLoop()
    private let isSlow: Bool
    private let state = Mutex(State())

    init(isSlow: Bool) { self.isSlow = isSlow }

    var notifications: [OrchProtocol.Notification] { state.withLock { $0.notifications } }
    /// The answers; there should never be more than one.
    var answers: [any Sendable] { state.withLock { $0.answers } }

    /// The result in the only answer.
    func result<R: Codable & Sendable>(_: R.Type) -> R? {
        guard answers.count == 1, let response = answers.first as? Response<R> else { return nil }
        return try? response.outcome.get()
    }

    func finish(_ response: some Encodable & Sendable, _: MethodKind) {
        state.withLock { $0.answers.append(response) }
    }

    func send(_ value: some Encodable & Sendable) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        state.withLock { state in
            if let value = value as? OrchProtocol.Notification { state.notifications.append(value) }
            if isSlow { state.untaken.append(promise) }
        }
        if !isSlow { promise.succeed() }
        return promise.futureResult
    }

    func onEnd(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onEnd.append(body) } }
    func after(_: Double, _ body: @escaping @Sendable () -> Void) { state.withLock { $0.timers.append(body) } }

    /// The time is over that somebody waits for.
    func timeIsOver() {
        for body in state.withLock({ state in
            defer { state.timers = [] }
            return state.timers
        }) { body() }
    }

    /// Takes the oldest piece that it has not taken yet; whether there was one.
    func take() -> Bool {
        let promise = state.withLock { $0.untaken.isEmpty ? nil : $0.untaken.removeFirst() }
        promise?.succeed()
        return promise != nil
    }

    func close() {
        for body in state.withLock({ state in
            defer { state.onEnd = [] }
            return state.onEnd
        }) { body() }
    }
}
