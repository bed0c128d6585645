import DaemonConfiguration
import Foundation
import OrchProtocol
import Platform
import Scheduling
import Storage
import SupervisorLink
import Synchronization

/// Carries out what a turn has decided, once it is on the disk.
final class EffectPerformer: Sendable {
    /// What the performer hands on to.
    struct Targets: Sendable {
        var link: any SupervisorPort
        var channels: any WorkerPort
        var inbox: Inbox
        var configuration: CurrentConfiguration
        var files: OutputFiles
        var branches: Branches
        var attempts: LiveAttempts
        var doors: Doors
        /// That of the daemon.
        var socket: String?
        var watcher: OutputWatcher
        var news: EventHub
        var clock: @Sendable () -> Now
    }

    private struct State {
        var next: UInt64 = 0
        var replies: [ReplyToken: @Sendable (Reply) -> Void] = [:]
        var isEnded = false
        var isCleaningEnded = false
    }

    let targets: Targets
    private let state = Mutex(State())
    /// Removing the files of old tasks must not hold up a turn.
    private let cleaning: SerialQueue

    init(_ targets: Targets) throws(SystemError) {
        self.targets = targets
        cleaning = try SerialQueue("cleaning")
    }

    /// A token for a request; its answer goes to `reply`, on the turn loop's thread. Nil if it has been answered already.
    func expect(_ reply: @escaping @Sendable (Reply) -> Void) -> ReplyToken? {
        let token = state.withLock { state -> ReplyToken? in
            guard !state.isEnded else { return nil }
            state.next += 1
            let token = ReplyToken(state.next)
            state.replies[token] = reply
            return token
        }
        if token == nil { reply(.failed(WireError(.stopping, "the daemon is stopping"))) }
        return token
    }

    func reply(_ token: ReplyToken, _ reply: Reply) {
        state.withLock { $0.replies.removeValue(forKey: token) }?(reply)
    }

    /// Answers everybody who still waits: no turn will.
    func loopEnded() {
        let waiting = state.withLock { state in
            state.isEnded = true
            defer { state.replies = [:] }
            return Array(state.replies.values)
        }
        for reply in waiting { reply(.failed(WireError(.stopping, "the daemon is stopping; ask again"))) }
    }

    func open(_ connection: UInt64) {
        targets.link.open(connection)
        targets.link.send(.gather(milliseconds: Pacing.gather))
    }

    func perform(_ effects: [Effect]) {
        var acknowledged: [UInt64] = []
        let planner = LaunchPlanner(
            configuration: targets.configuration.value, files: targets.files, branches: targets.branches, socket: targets.socket
        )
        for effect in effects {
            switch effect {
            case .reply(let token, let reply): self.reply(token, reply)
            case .launch(let task, let attempt, let input): launch(task, attempt, input, planner)
            case .revoke(let attempt): targets.link.send(.revoke(attempt: UInt64(attempt)))
            case .stop(let attempt, let grace):
                targets.link.send(.stop(attempt: UInt64(attempt), grace: UInt32(clamping: grace)))
            case .freeze(let attempt, let isFrozen):
                targets.link.send(.freeze(attempt: UInt64(attempt), isFrozen: isFrozen))
            case .acknowledge(let attempt):
                acknowledged.append(UInt64(attempt))
                if let entry = forget(attempt) { targets.files.takeBackEmpty(task: entry.task, attempt: entry.number) }
            case .launchWorker(let worker): launch(worker, planner)
            case .assign(let task, let attempt, let input, let again): assign(task, attempt, input, again: again)
            case .dismiss(let worker): dismiss(worker)
            case .received(let worker, let bytes): targets.channels.received(bytes, of: worker)
            case .discardWorker(let worker): discard(worker: worker.id, in: worker.pool)
            case .forget(let attempt): giveBack(attempt)
            case .setSlots(let pool, let slots): targets.link.send(.slots(pool: pool, count: UInt32(clamping: slots)))
            case .checkOutput(let attempt): checkOutput(attempt)
            case .discard(let tasks, let attempts): discard(tasks, attempts)
            case .sweep(let pools, let tasks, let workers):
                for pool in pools {
                    targets.link.send(.sweep(pool: pool, tasksBelow: UInt64(tasks), workersBelow: UInt64(workers)))
                }
            case .again(let input): targets.inbox.push([input])
            case .publish(let events): targets.news.publish(events)
            }
        }
        let most = EngineMessage.attemptsPerMessage
        for start in stride(from: 0, to: acknowledged.count, by: most) {
            let part = Array(acknowledged[start..<min(start + most, acknowledged.count)])
            targets.link.send(.acknowledge(attempts: part))
        }
    }

    private func launch(_ task: TaskItem, _ attempt: Attempt, _ input: ByteString?, _ planner: LaunchPlanner) {
        let entry = LiveAttempts.Entry(task, attempt, planner.configuration)
        targets.attempts.insert(attempt.id, entry)
        do {
            let plan = try planner.plan(task, attempt, input: input)
            try checkLink(takes: plan.order)
            targets.watcher.begin(attempt.id, entry)
            targets.link.send(.launch(plan.order), descriptors: plan.descriptors)
        } catch {
            failToStart(attempt.id, error)
        }
    }

    /// An older supervisor would end the connection. What it does not take is tried again until a newer one is there.
    func checkLink(takes order: LaunchOrder) throws(LaunchPlanner.Failure) {
        let version = targets.link.version
        guard version < LinkProtocol.version, order.since > version else { return }
        throw LaunchPlanner.Failure(
            reason:
                "cannot start it now: it has files, a door, or bytes that are not UTF-8, and the supervisor is too old for these; run `orchctl upgrade`",
            isShortage: true)
    }

    func failToStart(_ attempt: Int64, _ failure: LaunchPlanner.Failure) {
        let now = targets.clock()
        let ending: AttemptEnd.Ending =
            failure.isShortage ? .shortOfResources(failure.reason) : .failedToStart(failure.reason)
        targets.inbox.push([
            .ended(
                AttemptEnd(attempt: attempt, start: nil, ending: ending, endedAt: now.wall, endedMonotonic: now.monotonic))
        ])
    }

    @discardableResult
    private func forget(_ attempt: Int64) -> LiveAttempts.Entry? {
        guard let entry = targets.attempts[attempt] else { return nil }
        targets.attempts.remove(attempt)
        if entry.isWarm { forget(worker: attempt) }
        targets.doors.close(attempt)
        targets.watcher.end(attempt, entry)
        return entry
    }

    /// Its number within the task is for another attempt, which must find nothing of this one. Only a worker can have written anything.
    private func giveBack(_ attempt: Attempt) {
        forget(attempt.id)
        guard attempt.delivery != nil else { return }
        targets.files.remove(task: attempt.task, attempt: attempt.number)
        discard(worker: attempt.id, in: attempt.pool)
    }

    private func checkOutput(_ attempt: Attempt) {
        let now = targets.clock()
        let last = targets.files.lastWrite(task: attempt.task, attempt: attempt.number)
        // The file's time is on the clock that can be set; a time in the future counts as now.
        let age = last.map { max(0, now.wall - $0) }
        // A worker that reports its progress is not idle either.
        let progress = targets.attempts[attempt.id]?.progressAt ?? 0
        targets.inbox.push([
            .outputSeen(
                attempt: attempt.id, last: max(progress, age.map { now.monotonic - $0 } ?? 0), lookedAt: now.monotonic)
        ])
    }

    /// Removes the files of tasks that an engine before has forgotten.
    func removeLeftovers(_ store: SQLiteStore) {
        let files = targets.files
        cleaning.async {
            try? files.removeLeftovers { ids in
                if self.state.withLock({ $0.isCleaningEnded }) { throw CancellationError() }
                return try store.tasks(in: ids)
            }
        }
    }

    func waitForCleaning() { cleaning.waitUntilIdle() }

    /// Returns when the store is not read for cleaning any more, so that it may be closed.
    func endCleaning() {
        state.withLock { $0.isCleaningEnded = true }
        waitForCleaning()
    }

    private func discard(_ tasks: [TaskItem], _ attempts: [Attempt]) {
        for attempt in attempts {
            targets.link.send(.discard(pool: attempt.pool, name: attempt.workspaceName))
        }
        let files = targets.files
        cleaning.async {
            for task in tasks {
                // A program that was taken back before it started has left no attempt, but its files.
                let isRouted = task.definition.route != nil || task.definition.routing != nil
                files.remove(
                    task: task.id, attempts: task.attempts, first: isRouted ? Attempt.routingNumber : 1)
                if let kept = task.definition.files { files.submitted.remove(kept, of: task.definition.submitter) }
            }
        }
    }

    // MARK: Warm workers

    func launch(_ worker: Worker, _ planner: LaunchPlanner) {
        targets.attempts.insert(worker: worker.id, in: worker.pool)
        do {
            let plan = try planner.plan(worker)
            try checkLink(takes: plan.order)
            targets.link.send(.launch(plan.order), descriptors: plan.descriptors)
        } catch {
            failToStart(worker.id, error)
        }
    }

    /// The message before the files: somebody may be waiting for nothing else.
    func assign(_ task: TaskItem, _ attempt: Attempt, _ input: ByteString?, again: Bool) {
        let entry = LiveAttempts.Entry(task, attempt, targets.configuration.value)
        // What the worker says to it is of this attempt from its first word on.
        targets.attempts.insertIfMissing(attempt.id, entry)
        targets.channels.send(LaunchPlanner.message(task, attempt, input: input, again: again), to: attempt.id)
        targets.files.adopt(worker: attempt.id, task: task.id, attempt: attempt.number)
        targets.watcher.begin(attempt.id, entry)
    }

    func dismiss(_ worker: Int64) {
        // An engine before may have gone down within a message to it.
        targets.channels.send([UInt8(ascii: "\n")] + WorkerProtocol.exit + [UInt8(ascii: "\n")], to: worker)
    }

    private func forget(worker: Int64) {
        targets.channels.forget(worker)
        targets.doors.close(worker)
        targets.attempts.remove(worker: worker)
    }

    func discard(worker: Int64, in pool: String) {
        forget(worker: worker)
        targets.files.remove(worker: worker)
        targets.link.send(.discard(pool: pool, name: Worker.name(worker)))
    }
}
