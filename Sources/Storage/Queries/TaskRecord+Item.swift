import OrchProtocol
import Scheduling

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
        switch task.phase {
        case .ready: waiting = .ready
        case .delayed: waiting = .delayed
        case .held: waiting = .held
        default: waiting = isOrdered ? .ready : nil
        }
        self.isOrdered = isOrdered
        stopping = live?.stopping.map(StopReason.init)
        switch definition.work {
        case .command(let arguments): self.arguments = arguments
        case .prompt(let text): prompt = text
        }
        if let routing = definition.routing, !task.phase.isFinal {
            self.routing = routing.rule
            reason = "being routed by rule \"\(routing.rule)\""
        }
        reason = task.reason ?? reason
        name = task.name
        labels = definition.labels.isEmpty ? nil : definition.labels
        dueAt = task.phase.isQueued ? task.dueAt.map(Timestamp.init(milliseconds:)) : nil
        startedAt = attempts.last { !$0.isRouting && !$0.isOrdered }?.startedAt.map(Timestamp.init(milliseconds:))
        finishedAt = task.finishedAt.map(Timestamp.init(milliseconds:))
        key = definition.key
        directory = definition.directory
        model = definition.model
        thinking = definition.thinking
        route = definition.route
        needs = definition.needs.isEmpty ? nil : definition.needs
        resultSchema = definition.resultSchema.flatMap { try? JSONValue(Array($0.utf8)) }
        resources = definition.resources.isEmpty ? nil : definition.resources
        gates = task.lane.isEmpty || task.phase.isFinal ? nil : GateName.names(in: task.lane).map(String.init)
        timeout = task.timeout.map { Double($0) / 1000 }
        idleTimeout = task.idleTimeout.map { Double($0) / 1000 }
        retries = task.retry.retries
        retryOn = RetryCause.allCases.filter(task.retry.causes.contains)
        expires = definition.expiresAt.map(Timestamp.init(milliseconds:))
        // An attempt that has only been ordered does not count yet.
        attemptCount = isOrdered && live?.isRouting == false ? max(0, task.attempts - 1) : task.attempts
        self.attempts = attempts.filter { !$0.isOrdered }.map(AttemptRecord.init)
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
