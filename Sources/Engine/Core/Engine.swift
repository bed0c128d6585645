import DaemonConfiguration
import Foundation
import Glibc
import Logging
import NIOPosix
import OrchProtocol
import Platform
import Scheduling
import Storage
import SupervisorLink
import Systemd

/// The engine: everything that thinks. It may be killed at any moment and started again; what it knew is in the store, and what
/// runs is with the supervisor.
public final class Engine: Sendable {
    public struct Options: Sendable {
        /// Where to listen, without a `listener`.
        public var socket: String
        /// A listening socket from the starter of the engine, which also keeps it.
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
    private let core: EngineCore
    private let loop: TurnLoop
    private let link: SupervisorLinkThread
    private let server: ControlServer
    private let readers: NIOThreadPool
    private let stopping: Stopping
    private let control: EngineControl
    /// The path of the socket that the engine made itself, to be removed at the end.
    private let ownSocket: String?

    /// Opens the store, takes up the work of the engine before, and listens.
    ///
    /// - Parameters:
    ///   - initial: the configuration to begin with.
    ///   - load: reads the configuration again; called for every reload.
    /// - Throws: ``StartError``, ``SystemError``: each a sentence for the user who started it.
    public init(
        _ options: Options, initial: Configuration, load: @escaping @Sendable () throws -> Configuration, log: Logger
    ) throws {
        let startedAt = Clock.realTime
        let descriptors = DescriptorBudget()
        try descriptors.check(initial)
        try ThreadBudget.check()
        // At once: NIO ends the program where it finds no thread later.
        readers = NIOThreadPool(numberOfThreads: 4)
        readers.start()
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        stopping = try Stopping()
        directory = try StateDirectory(options.stateDirectory)
        let store: SQLiteStore
        do {
            store = try SQLiteStore(path: directory.database)
        } catch let error as StorageError {
            throw StartError(error.description, isLasting: error.code == .damaged || error.code == .newer)
        }
        link = try SupervisorLinkThread(path: options.link, log: log)
        core = try EngineCore(
            store: store, stateDirectory: options.stateDirectory, configuration: initial, link: link,
            socket: options.listener.flatMap(Listener.path) ?? options.socket, clock: Clock.now, zoneOffset: Clock.zoneOffset,
            log: log)
        let watchdog = Watchdog()
        loop = try TurnLoop(inbox: core.inbox, performer: core.performer, watchdog: watchdog)
        // A large batch is one long turn, which is not a hang as long as it continues.
        store.whileWriting { watchdog.feed() }

        let queries = Queries(core: core, supervisor: { [link] in link.standing }, startedAt: startedAt)
        let streams = Streams(
            store: store, files: core.files, news: core.news, watcher: core.watcher, readers: ReaderPool(threads: readers),
            waits: core.push)
        control = EngineControl(core, load: load) { [stopping] in stopping.request(.drained) }
        let router = try RequestRouter(
            core: core, queries: queries, streams: streams, control: control,
            backups: Backups(store: store, directory: directory.path, log: log),
            denials: DenialLog(log: log, queue: core.journal), readers: readers)
        ownSocket = options.listener == nil ? options.socket : nil
        let listener = try options.listener ?? Listener.make(at: options.socket)

        try loop.start(TurnRunner(core, on: store))
        try core.watcher.start()
        try core.channels.start(into: core.inbox, core.reports)
        try link.start(into: core.inbox, core.reports)
        let processes = TaskProcesses(core.attempts) { [link] in link.peer?.mark }
        server = try ControlServer(
            listener: listener,
            Reception(
                loops: loops, router: router, readers: readers, configuration: core.configuration, descriptors: descriptors,
                processes: processes, doors: core.doors))
    }

    /// Serves until it is told to end. Blocks the calling thread.
    public func run(_ outside: OutsideEvents) {
        let listener = core.news.listen { [stopping] _ in stopping.poke() }
        // Only it knows which processes are those of tasks.
        waitForSupervisor(outside)
        server.open()
        ServiceManager.ready(status: summary)
        var status = StatusLine()
        while stopping.current != .now {
            stopping.wait(outside, milliseconds: status.milliseconds, reload: reload)
            if stopping.current == .drained {
                guard live > 0 else { break }
                ServiceManager.extendTimeout(seconds: 120)
            }
            status.update(to: summary)
        }
        ServiceManager.stopping(status: "Stopping")
        core.news.remove(listener)
        shutDown()
    }

    /// When the daemon reports that it is ready, it should have its supervisor, if there is one.
    private func waitForSupervisor(_ outside: OutsideEvents) {
        let deadline = Clock.monotonic + 1000
        while link.peer == nil, stopping.current == .none, Clock.monotonic < deadline {
            stopping.wait(outside, milliseconds: deadline - Clock.monotonic, reload: reload)
        }
        stopping.poke()
    }

    /// Reads the configuration again, as the service manager asks; the log reports the outcome.
    private func reload() {
        readers.submit { [control] _ in
            control.reload(by: Requester(uid: geteuid(), isAdministrator: true)) { _ in }
        }
    }

    private var live: Int {
        let counts = core.store.counts
        return counts.occupiedPools.reduce(0) { $0 + counts.live(in: $1).running + counts.live(in: $1).dispatched }
    }

    private var summary: String {
        let counts = core.store.counts
        var total = TaskCounts()
        for pool in counts.occupiedPools { total.add(counts.tasks(in: pool)) }
        let state = core.health.isDraining ? "Draining: " : ""
        let degraded = ((try? core.store.backoffs()) ?? []).map { "; pool \($0.pool) is degraded" }.joined()
        let tasks =
            "\(total.running) running, \(total.queued) queued, \(total.succeeded) succeeded, \(total.failed) failed"
        return state + tasks + degraded
    }

    /// In this order, so that nothing is answered that is not done, and nothing is done that nobody asked for.
    private func shutDown() {
        loop.stop()
        link.stop()
        core.channels.stop()
        // Before the event loops, which they answer on.
        try? readers.syncShutdownGracefully()
        server.stop()
        core.watcher.stop()
        loop.waitUntilEnded()
        core.endCleaning()
        try? core.store.close()
        if let ownSocket { unlink(ownSocket) }
    }
}
