import DaemonConfiguration
import Logging
import OrchProtocol
import Platform
import Scheduling
import Storage
import SupervisorLink

/// The engine without its threads, its sockets and its clock: what ``Engine`` runs in the world, and a simulation in a world of its
/// own.
package final class EngineCore: Sendable {
    let store: SQLiteStore
    let configuration: CurrentConfiguration
    let inbox: Inbox
    let attempts = LiveAttempts()
    let files: OutputFiles
    let reports: EndEnricher
    let watcher: OutputWatcher
    let news: EventHub
    let performer: EffectPerformer
    /// Writes to the log, for which nobody waits.
    let journal: SerialQueue
    let branches: Branches
    /// To the warm workers.
    package let channels: WorkerChannels
    /// Of the attempts that have one.
    let doors: Doors
    let health = Health()
    let clock: @Sendable () -> Now
    let zoneOffset: @Sendable (Int64) -> Int
    let log: Logger

    /// Takes up the work of the engine before.
    ///
    /// - Parameters:
    ///   - stateDirectory: holds the output of attempts; the store is open already.
    ///   - socket: where the daemon can be reached, for tasks that may speak to it as their user.
    ///   - workers: stands before ``channels``, for what turns have to say to warm workers.
    ///   - zoneOffset: seconds that the time zone is ahead of UTC at a time.
    package init(
        store: SQLiteStore, stateDirectory: String, configuration: Configuration, link: any SupervisorPort,
        workers: (any WorkerPort)? = nil, socket: String? = nil, clock: @escaping @Sendable () -> Now,
        zoneOffset: @escaping @Sendable (Int64) -> Int, log: Logger
    ) throws {
        self.store = store
        self.clock = clock
        self.zoneOffset = zoneOffset
        self.log = log
        self.configuration = CurrentConfiguration(configuration)
        inbox = try Inbox()
        files = OutputFiles(stateDirectory: stateDirectory)
        channels = try WorkerChannels()
        doors = Doors(attempts: attempts, configuration: self.configuration, log: log)
        reports = EndEnricher(
            attempts: attempts, files: files, store: store, configuration: self.configuration, channels: self.channels,
            doors: doors, log: log, clock: clock)
        watcher = try OutputWatcher(files: files, inbox: inbox, relay: try JournalRelay(files: files), log: log)
        journal = try SerialQueue("journal")
        news = EventHub(
            journal: JournalWriter(
                log: log, users: TaskUsers(configuration: self.configuration), queue: journal))
        branches = Branches(queue: try store.queueNumbers())
        performer = try EffectPerformer(
            .init(
                link: link, channels: workers ?? self.channels, inbox: inbox, configuration: self.configuration, files: files,
                branches: branches, attempts: attempts, doors: doors, socket: socket,
                watcher: watcher, news: news, clock: clock))
        for found in try store.live() {
            // The engine before may have gone down between the commit and this.
            if found.attempt.delivery != nil {
                files.adopt(worker: found.attempt.id, task: found.task.id, attempt: found.attempt.number)
            }
            let entry = LiveAttempts.Entry(found.task, found.attempt, configuration)
            attempts.insert(found.attempt.id, entry)
            watcher.begin(found.attempt.id, entry)
        }
        let workers = try store.workers()
        for worker in workers { attempts.insert(worker: worker.id, in: worker.pool) }
        files.removeWorkers(except: Set(workers.map(\.id)))
        try files.submitted.takeStock(store)
        performer.removeLeftovers(store)
        inbox.push([
            .ruled(configuration.rules), .configured(configuration.pools.map(\.settings)),
            .announced(.daemonStarted, detail: "version \(Release.version)", reply: nil),
        ])
    }

    /// Turns what the supervisor says on a connection into inputs; `connection` is a number that no earlier one had.
    package func session(_ connection: UInt64) -> LinkSession { LinkSession(generation: connection, reports: reports) }

    /// Answers what needs no decision, in a world without a supervisor's program.
    package func queries(hasSupervisor: Bool) -> Queries {
        let peer = SupervisorMessage.Welcome(
            version: LinkProtocol.version, store: 1, heardUpTo: 0, pid: 1, cgroups: true,
            program: .init(release: "", executedAt: 0))
        return Queries(core: self, supervisor: { .init(peer: hasSupervisor ? peer : nil) }, startedAt: 0)
    }

    /// Takes what the supervisor said on a connection.
    package func deliver(_ inputs: [Input], of session: inout LinkSession) { session.deliver(inputs, into: inbox) }

    /// Reads what warm workers have said; what runs in the world has a thread for it.
    package func readWorkers() { while channels.step(waiting: 0, inbox, reports) {} }

    package func push(_ inputs: [Input]) { inbox.push(inputs) }

    /// Calls the listener after every turn that had events.
    package func listen(_ listener: @escaping @Sendable ([Event]) -> Void) { _ = news.listen(listener) }

    /// Attempts of which something is kept in memory.
    package var liveAttempts: [Int64] { attempts.all.keys.sorted() }

    /// Nothing new is started any more.
    package var isDraining: Bool { health.isDraining }

    /// The store takes nothing at present.
    package var hasStorageProblem: Bool { health.storageProblem != nil }

    /// Returns when nothing reads the store any more but those who were given it.
    package func endCleaning() { performer.endCleaning() }

    /// The files for output that wait for an attempt, once those of all forgotten tasks are removed.
    package func spareFiles() -> [String] {
        performer.waitForCleaning()
        return files.spareFiles
    }

    /// Asks for something to be done in the next turn; `reply` is called on the turn loop's thread, or at once where there will be
    /// no more turns.
    package func request(
        _ command: Command, by requester: Requester, _ reply: @escaping @Sendable (Reply) -> Void
    ) {
        guard let token = performer.expect(reply) else { return }
        inbox.push([.command(command, by: requester, reply: token)])
    }
}
