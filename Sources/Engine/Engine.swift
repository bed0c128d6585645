import Foundation
import Glibc
import Logging
import NIOPosix
import OrchProtocol
import Scheduling
import Storage
import Systemd

/// The engine: everything that thinks. It may be killed at any moment and started again; what it knew is in the store, and what
/// runs is with the supervisor.
public final class Engine: Sendable {
    public struct Options: Sendable {
        /// Where to listen, without a `listener`.
        public var socket: String
        /// A listening socket that whoever started the engine has handed over, and keeps.
        public var listener: Int32?
        public var stateDirectory: String
        /// The supervisor's socket.
        public var link: String

        public init(socket: String, listener: Int32? = nil, stateDirectory: String, link: String) {
            self.socket = socket
            self.listener = listener
            self.stateDirectory = stateDirectory
            self.link = link
        }
    }

    private let directory: StateDirectory
    private let store: SQLiteStore
    private let loop: TurnLoop
    private let link: SupervisorLinkThread
    private let watcher: OutputWatcher
    private let server: ControlServer
    private let workers: NIOThreadPool
    private let health: Health
    private let stopping = Stopping()
    private let news: NewsDesk
    private let control: EngineControl
    /// The path of the socket that the engine made itself, to be removed at the end.
    private let ownSocket: String?

    /// Opens the store, takes up the work of the engine before, and listens.
    ///
    /// - Parameters:
    ///   - initial: the configuration to begin with.
    ///   - load: reads the configuration anew; called for every reload.
    /// - Throws: ``StartError``, ``SystemError``: each a sentence for whoever started it.
    public init(
        _ options: Options, initial: Configuration, load: @escaping @Sendable () throws -> Configuration, log: Logger
    ) throws {
        let startedAt = Clock.now().wall
        let configuration = CurrentConfiguration(initial)
        directory = try StateDirectory(options.stateDirectory)
        do {
            store = try SQLiteStore(path: directory.database)
        } catch let error as StorageError {
            throw StartError(error.description, isLasting: error.code == .damaged || error.code == .newer)
        }
        let files = OutputFiles(stateDirectory: options.stateDirectory)
        let inbox = try Inbox()
        let attempts = LiveAttempts()
        let reports = ReportReader(attempts: attempts, files: files, store: store, configuration: configuration)
        link = try SupervisorLinkThread(path: options.link, inbox: inbox, reports: reports, log: log)
        watcher = try OutputWatcher(files: files, inbox: inbox, log: log)
        let news = NewsDesk(journal: StoryTeller(log: log))
        let performer = EffectPerformer(
            .init(
                link: link, inbox: inbox, configuration: configuration, files: files, attempts: attempts,
                watcher: watcher, news: news))
        let health = Health()
        loop = try TurnLoop(
            inbox: inbox, store: store, performer: performer, configuration: configuration, health: health,
            watchdog: Watchdog(), log: log)
        health.watchStorage { [loop] in loop.storageProblem }
        self.health = health

        workers = NIOThreadPool(numberOfThreads: 4)
        workers.start()
        let queries = Queries(
            store: store, files: files, configuration: configuration, link: link, health: health, startedAt: startedAt)
        let streams = Streams(
            store: store, files: files, news: news, watcher: watcher, readers: ReaderPool(threads: workers))
        let stopping = stopping
        let control = EngineControl(load: load, current: configuration, inbox: inbox, performer: performer, log: log) {
            stopping.request(.drained)
        }
        let router = RequestRouter(
            inbox: inbox, performer: performer, queries: queries, streams: streams, control: control,
            backups: Backups(store: store, directory: directory.path, log: log), workers: workers)
        for found in try store.live() {
            let entry = LiveAttempts.Entry(found.task, found.attempt, configuration.value)
            attempts.insert(found.attempt.id, entry)
            watcher.begin(found.attempt.id, entry)
        }
        ownSocket = options.listener == nil ? options.socket : nil
        let listener = try options.listener ?? Listener.make(at: options.socket)
        self.news = news
        self.control = control

        inbox.push([
            .configured(configuration.value.pools.map(\.settings)),
            .announced(.daemonStarted, detail: "version \(Release.version)", reply: nil),
        ])
        loop.start(Scheduler(limits: .init(queued: configuration.value.queued)))
        watcher.start()
        link.start()
        server = try ControlServer(
            listener: listener, router: router, workers: workers, configuration: configuration)
    }

    /// Serves until it is told to end. Blocks the calling thread.
    public func run() {
        let listener = news.listen { [stopping] _ in stopping.poke() }
        waitForSupervisor()
        ServiceManager.ready(status: summary)
        let status = StatusLine()
        while stopping.current != .now {
            stopping.wait()
            if stopping.current == .drained {
                guard live > 0 else { break }
                ServiceManager.extendTimeout(seconds: 120)
            }
            status.update { self.summary }
        }
        ServiceManager.stopping(status: "Stopping")
        news.remove(listener)
        shutDown()
    }

    /// Whoever has been told that the daemon is ready should not find it without a supervisor, if one is there at all.
    private func waitForSupervisor() {
        let deadline = DispatchTime.now() + .seconds(1)
        while link.peer == nil, stopping.current == .none, stopping.wait(until: deadline) {}
        stopping.poke()
    }

    /// Ends ``run()``. What runs goes on with the supervisor. May be called from any thread.
    public func stop() { stopping.request(.now) }

    /// Reads the configuration again, as the service manager asks; the log tells of the outcome.
    public func reload() {
        workers.submit { [control] _ in
            control.reload(by: Requester(uid: geteuid(), isAdministrator: true)) { _ in }
        }
    }

    private var live: Int {
        let counts = store.counts
        return counts.occupiedPools.reduce(0) { $0 + counts.live(in: $1).running + counts.live(in: $1).dispatched }
    }

    private var summary: String {
        let counts = store.counts
        var total = TaskCounts()
        for pool in counts.occupiedPools { total.add(counts.tasks(in: pool)) }
        let state = health.isDraining ? "Draining: " : ""
        return "\(state)\(total.running) running, \(total.queued) queued, \(total.succeeded) succeeded, \(total.failed) failed"
    }

    /// In this order, so that nothing is answered that is not done, and nothing is done that nobody asked for.
    private func shutDown() {
        loop.stop()
        link.stop()
        server.stop()
        watcher.stop()
        loop.waitUntilEnded()
        try? workers.syncShutdownGracefully()
        try? store.close()
        if let ownSocket { unlink(ownSocket) }
    }
}
