import OrchProtocol
import Scheduling
import SupervisorLink

extension TaskRecord {
    /// What a client sees of a task.
    ///
    /// - Parameter attempts: all, or the latest, from the lowest number.
    init(_ task: TaskItem, attempts: [Attempt]) {
        let definition = task.definition
        let live = attempts.last.flatMap { $0.state == .ended ? nil : $0 }
        let isOrdered = task.phase == .active && live?.isOrdered ?? false
        self.init(
            id: task.id, state: task.phase.state(isOrdered: isOrdered), pool: task.pool, priority: task.priority,
            submitter: definition.submitter, submittedAt: Timestamp(milliseconds: definition.submittedAt))
        options = definition.options
        status.subject = definition.subject
        status.files = definition.files?.files
        if task.isChild {
            (status.parent, status.root, status.depth) = (task.ancestry.parent, task.ancestry.root, task.ancestry.depth)
            status.detached = task.ancestry.isDetached ? true : nil
        }
        (priority, retries, retryOn, options.retryDelay) = (task.priority, task.retry.retries, task.retry.causes, nil)
        switch task.phase {
        case .ready: status.waiting = .ready
        case .delayed: status.waiting = .delayed
        case .held: status.waiting = .held
        default: status.waiting = isOrdered ? .ready : nil
        }
        self.isOrdered = isOrdered
        status.stopping = live?.stopping.map(StopReason.init)
        switch definition.work {
        case .command(let arguments): status.arguments = arguments
        case .prompt(let text): status.prompt = text
        }
        if let routing = definition.routing, !task.phase.isFinal {
            status.routing = routing.rule
            status.reason = "being routed by rule \"\(routing.rule)\""
        }
        status.reason = task.reason ?? status.reason
        status.dueAt = task.phase.isQueued ? task.dueAt.map(Timestamp.init(milliseconds:)) : nil
        status.startedAt = attempts.last { !$0.isRouting && !$0.isOrdered }?.startedAt.map(Timestamp.init(milliseconds:))
        status.finishedAt = task.finishedAt.map(Timestamp.init(milliseconds:))
        status.directory = definition.directory
        status.route = definition.route
        status.resultSchema = definition.resultSchema.flatMap { try? JSONValue(Array($0.utf8)) }
        status.gates = task.lane.isEmpty || task.phase.isFinal ? nil : GateName.names(in: task.lane).map(String.init)
        // An attempt that has only been ordered does not count yet.
        status.attemptCount = isOrdered && live?.isRouting == false ? max(0, task.attempts - 1) : task.attempts
        status.usage = attempts.compactMap(\.usage).reduce(nil) { $0?.adding($1) ?? $1 }
        status.attempts = attempts.filter { !$0.isOrdered }.map(AttemptRecord.init)
    }
}

extension StopReason {
    fileprivate init(_ cause: StopCause) {
        switch cause {
        case .cancelled: self = .cancelled
        case .runTimeout: self = .runTimeout
        case .idleTimeout: self = .idleTimeout
        case .outputLimit: self = .outputLimit
        case .shutdown: self = .shutdown
        case .finished: self = .finished
        case .budget: self = .overBudget
        }
    }
}

extension AttemptRecord {
    init(_ attempt: Attempt) {
        let state: AttemptState =
            switch attempt.state {
            case .dispatched: .dispatched
            case .running: .running
            case .ended: .ended
            }
        self.init(
            number: attempt.number, state: state, dispatchedAt: Timestamp(milliseconds: attempt.dispatchedAt))
        outcome = attempt.outcome
        reason = attempt.reason
        worker = attempt.slot.map { "\(attempt.pool)/\($0)" }
        pid = attempt.pid
        startedAt = attempt.startedAt.map(Timestamp.init(milliseconds:))
        endedAt = attempt.endedAt.map(Timestamp.init(milliseconds:))
        pausedSince = attempt.pauses?.sinceWall.map(Timestamp.init(milliseconds:))
        pausedFor = attempt.pauses.flatMap { $0.total > 0 ? Double($0.total) / 1000 : nil }
        cpuUser = attempt.cpuUser.map { Double($0) / 1_000_000 }
        cpuSystem = attempt.cpuSystem.map { Double($0) / 1_000_000 }
        peakMemory = attempt.peakMemory
        if let measures = attempt.measures {
            bytesRead = measures.bytesRead
            bytesWritten = measures.bytesWritten
            cpuStalled = Double(measures.stalledForProcessor) / 1_000_000
            memoryStalled = Double(measures.stalledForMemory) / 1_000_000
            ioStalled = Double(measures.stalledForDisk) / 1_000_000
        }
        usage = attempt.usage
    }
}
