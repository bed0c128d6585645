import DaemonConfiguration
import Logging
import OrchProtocol
import Platform
import Scheduling

/// The heart: takes everything that happened since the last turn, handles it in one transaction, and only when that is on the
/// disk carries out what follows from it.
///
/// It has neither a thread nor a clock of its own, so that it turns on simulated time as well: see ``TurnLoop`` for the real one.
package struct TurnRunner<Store: TurnStore>: Sendable {
    /// How often old tasks are looked for, in milliseconds: while there is work, and while there is none, when it costs a wake-up.
    private static var retireInterval: Int64 { 60_000 }
    private static var idleRetireInterval: Int64 { 3_600_000 }
    /// How long to wait until a store that failed is tried again, in milliseconds.
    private static var storageDelay: Int64 { 1000 }
    /// How much the clock must have been set, in milliseconds, to be taken notice of.
    private static var clockTolerance: Int64 { 1000 }

    private let core: EngineCore
    private let store: Store

    private var scheduler: SchedulerState
    private var days: LocalDays
    private var pressure = MemoryPressure()
    /// Inputs of a turn that the store refused. Requests got an error; these inputs must not be lost.
    private var held: [Input] = []
    private var nextWall: Int64?
    private var nextMonotonic: Int64?
    /// Milliseconds from the end of an attempt to the arrival of the next one's order: a running average.
    private var cycle = 0.0
    /// Real time less monotonic time: changes when the clock is set.
    private var offset: Int64
    /// When old tasks were last looked for, on the monotonic clock.
    private var retiredAt: Int64

    /// - Parameter store: that of the core, or something before it.
    package init(_ core: EngineCore, on store: Store) {
        self.core = core
        self.store = store
        scheduler = SchedulerState(mostQueued: core.configuration.value.queued)
        days = LocalDays(offset: core.zoneOffset)
        let now = core.clock()
        offset = now.wall - now.monotonic
        retiredAt = now.monotonic
    }

    /// Takes a turn, if there is anything to do.
    ///
    /// - Returns: for how many milliseconds there is nothing more to do unless something happens; 0 if there may be more at once.
    package mutating func turn() -> Int64 {
        var now = core.clock()
        now.day = days.day(at: now.wall)
        var inputs = held + core.inbox.drain()
        held = []
        // First: what the others reckon in this turn is on the new time already, and must not be moved.
        if let step = clockStep(now) { inputs.insert(.clockStepped(by: step), at: 0) }
        let isDue = (nextWall ?? .max) <= now.wall || (nextMonotonic ?? .max) <= now.monotonic
        let interval = inputs.isEmpty && !isDue ? Self.idleRetireInterval : Self.retireInterval
        if now.monotonic - retiredAt >= interval {
            retiredAt = now.monotonic
            inputs.append(retirement(now))
        }
        guard !inputs.isEmpty || isDue else { return rest(now) }
        now.memoryPressure = measured(now)
        return turn(inputs, now)
    }

    /// Only for those who want to know. What is too much is remembered for those who ask why tasks wait.
    private mutating func measured(_ now: Now) -> Double? {
        let admission = core.configuration.value.admission
        guard admission.memoryPressure != nil else {
            core.health.memoryPressure = nil
            return nil
        }
        let percent = pressure.percent(at: now.monotonic)
        let isTooMuch = admission.isTooMuch(percent)
        if isTooMuch != (core.health.memoryPressure != nil) {
            core.log.notice("\(isTooMuch ? "Starts wait: the machine is short of memory" : "The machine has memory again")")
        }
        core.health.memoryPressure = isTooMuch ? percent : nil
        return percent
    }

    private mutating func turn(_ inputs: [Input], _ now: Now) -> Int64 {
        do {
            // A copy, because a turn whose transaction fails must not have happened.
            var scheduler = scheduler
            let turn = try store.transaction { try scheduler.turn(inputs, in: $0, now: now, cycle: cycle) }
            self.scheduler = scheduler
            core.health.isDraining = scheduler.isDraining
            nextWall = turn.nextWall
            nextMonotonic = turn.nextMonotonic
            if core.health.storageProblem != nil {
                core.health.storageProblem = nil
                core.log.notice("the database can be written again")
            }
            for problem in turn.problems {
                assert(!problem.isFault, problem.text)
                core.log.error("\(problem.text)", metadata: ["MESSAGE_ID": "\(EventMessages.degradedID)"])
                core.health.note(problem.text)
            }
            for case .connected(let inventory) in inputs { core.performer.open(inventory.connection) }
            core.performer.perform(turn.effects)
            let spent = Double(core.clock().monotonic - now.monotonic)
            cycle += (spent + Double(Pacing.gather) - cycle) / 8
            return 0
        } catch {
            return refuse(inputs, error, now)
        }
    }

    /// The store takes nothing: those who wait for an answer are told, and what happened is kept for a later turn.
    private mutating func refuse(_ inputs: [Input], _ error: any Error, _ now: Now) -> Int64 {
        let wire = WireError(storage: error)
        let news = inputs.filter { $0.reply == nil }
        for input in inputs { if let reply = input.reply { core.performer.reply(reply, .failed(wire)) } }
        held = news
        let isNew = core.health.storageProblem == nil
        core.health.storageProblem = wire
        if isNew { core.log.error("\(wire.message)", metadata: ["MESSAGE_ID": "\(EventMessages.degradedID)"]) }
        // What was asked may have been too much for the space that is left, and what happened not: it is tried alone at once.
        let hadRequests = news.count < inputs.count
        if hadRequests, !news.isEmpty { return 0 }
        nextMonotonic = now.monotonic + Self.storageDelay
        nextWall = nil
        return news.isEmpty ? 0 : Self.storageDelay
    }

    private func rest(_ now: Now) -> Int64 {
        let due = [nextWall.map { $0 - now.wall }, nextMonotonic.map { $0 - now.monotonic }].compactMap { $0 }
        return due.reduce(retiredAt + Self.idleRetireInterval - now.monotonic, min)
    }

    private func retirement(_ now: Now) -> Input {
        let configuration = core.configuration.value
        return .retire(before: now.wall - configuration.retentionAge, keep: configuration.retentionCount)
    }

    private mutating func clockStep(_ now: Now) -> Int64? {
        let offset = now.wall - now.monotonic
        let step = offset - self.offset
        self.offset = offset
        guard abs(step) >= Self.clockTolerance else { return nil }
        core.log.notice("the clock was set by \(Double(step) / 1000) s")
        return step
    }
}
