import Foundation
import Glibc
import Logging
import OrchProtocol
import Scheduling
import Storage
import Synchronization

/// The heart: takes everything that happened since the last turn, handles it in one transaction, and only when that is on the
/// disk carries out what follows from it.
///
/// It has a thread of its own, since a commit blocks for as long as the disk takes.
final class TurnLoop: Sendable {
    /// What the loop keeps from turn to turn; only its thread touches it.
    private struct State {
        var scheduler: Scheduler
        /// Inputs of a turn that the store refused. Whoever waited for an answer has been told; these must not be forgotten.
        var held: [Input] = []
        var nextWall: Int64?
        var nextMonotonic: Int64?
        /// Milliseconds from the end of an attempt to the arrival of the next one's order: a running average.
        var cycle = 0.0
        /// Real time less monotonic time: changes when the clock is set.
        var offset: Int64
        /// When old tasks were last looked for, on the monotonic clock.
        var retiredAt: Int64
    }

    /// How often old tasks are looked for, in milliseconds: while there is work, and while there is none, when it costs a wake-up.
    private static let retireInterval: Int64 = 60_000
    private static let idleRetireInterval: Int64 = 3_600_000

    /// How long the supervisor may gather reports of a busy pool, in milliseconds. It is part of the cycle.
    static let gather: UInt32 = 5
    /// How long to wait until a store that failed is tried again, in milliseconds.
    private static let storageDelay: Int64 = 1000
    /// How much the clock must have been set, in milliseconds, to be taken notice of.
    private static let clockTolerance: Int64 = 1000

    let inbox: Inbox
    private let store: SQLiteStore
    private let performer: EffectPerformer
    private let clockChange: ClockChange
    private let configuration: CurrentConfiguration
    private let health: Health
    private let log: Logger
    private let watchdog: Watchdog
    private let problem = Mutex<WireError?>(nil)
    private let isStopped = Mutex(false)
    private let ended = DispatchSemaphore(value: 0)

    init(
        inbox: Inbox, store: SQLiteStore, performer: EffectPerformer, configuration: CurrentConfiguration, health: Health,
        watchdog: Watchdog, log: Logger
    ) throws(SystemError) {
        self.inbox = inbox
        self.store = store
        self.performer = performer
        self.configuration = configuration
        self.health = health
        self.watchdog = watchdog
        self.log = log
        clockChange = try ClockChange()
    }

    /// What keeps the store from taking anything, nil while it works.
    var storageProblem: WireError? { problem.withLock { $0 } }

    /// Starts the loop on a thread of its own.
    func start(_ scheduler: Scheduler) {
        let thread = Thread { self.run(scheduler) }
        thread.name = "turns"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Ends the loop after the turn that it is in.
    func stop() {
        isStopped.withLock { $0 = true }
        inbox.wakeup.signal()
    }

    private func run(_ scheduler: Scheduler) {
        let now = Clock.now()
        var state = State(scheduler: scheduler, offset: now.wall - now.monotonic, retiredAt: now.monotonic)
        while !isStopped.withLock({ $0 }) {
            watchdog.feed()
            let now = Clock.now()
            var inputs = state.held + inbox.drain()
            state.held = []
            if let step = clockStep(now, &state) { inputs.append(.clockStepped(by: step)) }
            let isDue = (state.nextWall ?? .max) <= now.wall || (state.nextMonotonic ?? .max) <= now.monotonic
            let interval = inputs.isEmpty && !isDue ? Self.idleRetireInterval : Self.retireInterval
            if now.monotonic - state.retiredAt >= interval {
                state.retiredAt = now.monotonic
                inputs.append(retirement(now))
            }
            if inputs.isEmpty, !isDue {
                wait(now, state)
            } else {
                turn(inputs, now, &state)
            }
        }
        performer.loopEnded()
        ended.signal()
    }

    /// Returns when the last turn is over and all who waited for an answer have one.
    func waitUntilEnded() { ended.wait() }

    private func turn(_ inputs: [Input], _ now: Now, _ state: inout State) {
        do {
            // A copy, because a turn whose transaction fails must not have happened.
            var scheduler = state.scheduler
            let turn = try store.transaction { try scheduler.turn(inputs, in: $0, now: now, cycle: state.cycle) }
            state.scheduler = scheduler
            health.isDraining = scheduler.isDraining
            state.nextWall = turn.nextWall
            state.nextMonotonic = turn.nextMonotonic
            if problem.withLock({ $0 }) != nil {
                problem.withLock { $0 = nil }
                log.notice("the database takes writes again")
            }
            for case .connected(let inventory) in inputs { performer.open(inventory.connection) }
            performer.perform(turn.effects)
            let spent = Double(Clock.now().monotonic - now.monotonic)
            state.cycle += (spent + Double(Self.gather) - state.cycle) / 8
        } catch {
            refuse(inputs, error, now, &state)
        }
    }

    /// The store takes nothing: those who wait for an answer are told, and what happened is kept for a later turn.
    private func refuse(_ inputs: [Input], _ error: any Error, _ now: Now, _ state: inout State) {
        let wire = WireError(storage: error)
        let news = inputs.filter { $0.reply == nil }
        for input in inputs { if let reply = input.reply { performer.reply(reply, .failed(wire)) } }
        state.held = news
        // What was asked may have been too much for the space that is left, and what happened not: it is tried alone at once.
        let hadRequests = news.count < inputs.count
        let isNew = problem.withLock { problem in
            defer { problem = wire }
            return problem == nil
        }
        if isNew { log.error("\(wire.message)", metadata: ["MESSAGE_ID": "\(Story.degradedID)"]) }
        if hadRequests, !news.isEmpty { return }
        state.nextMonotonic = now.monotonic + Self.storageDelay
        state.nextWall = nil
        if !news.isEmpty { waitForStorage() }
    }

    private func waitForStorage() {
        watchdog.feed()
        _ = waitFor([(inbox.wakeup.descriptor.number, POLLIN)], milliseconds: Int(Self.storageDelay))
        inbox.wakeup.clear()
    }

    private func wait(_ now: Now, _ state: State) {
        let due = [state.nextWall.map { $0 - now.wall }, state.nextMonotonic.map { $0 - now.monotonic }]
        let retire = state.retiredAt + Self.idleRetireInterval - now.monotonic
        let timeout = (due + [watchdog.milliseconds, retire]).compactMap { $0 }.min() ?? retire
        let ready = waitFor(
            [(inbox.wakeup.descriptor.number, POLLIN), (clockChange.descriptor.number, POLLIN)],
            milliseconds: Int(max(0, timeout)))
        if ready[0] != 0 { inbox.wakeup.clear() }
        if ready[1] != 0 { clockChange.rearm() }
    }

    private func retirement(_ now: Now) -> Input {
        let configuration = configuration.value
        return .retire(before: now.wall - configuration.retentionAge, keep: configuration.retentionCount)
    }

    private func clockStep(_ now: Now, _ state: inout State) -> Int64? {
        let offset = now.wall - now.monotonic
        let step = offset - state.offset
        state.offset = offset
        guard abs(step) >= Self.clockTolerance else { return nil }
        log.notice("the clock was set by \(Double(step) / 1000) s")
        return step
    }
}
