import Glibc
import SupervisorLink

extension Supervisor {
    /// Does what one packet of the engine says.
    func obey(_ delivery: LinkConnection.Delivery, from engine: LinkConnection) throws(LinkConnection.Fault) {
        var descriptors = delivery.descriptors
        for message in delivery.messages {
            if case .hello(let version, let oldest) = message {
                try greet(engine, version: version, oldest: oldest)
                continue
            }
            guard engine.isGreeted else { throw .violation("did not say hello first") }
            switch message {
            case .hello: break
            case .slots(let pool, let count): try setSlots(of: pool, to: count)
            case .launch(let order):
                let own = order.descriptors.isEmpty ? [] : descriptors
                if !order.descriptors.isEmpty { descriptors = [] }
                accept(order, own, lacksDescriptors: delivery.lacksDescriptors && !order.descriptors.isEmpty)
            case .revoke(let attempt): revoke(attempt)
            case .stop(let attempt, let grace): stop(attempt, grace: Int64(grace))
            case .freeze(let attempt, let isFrozen): freeze(attempt, isFrozen)
            case .acknowledge(let attempts):
                let known = exits.acknowledge(attempts)
                leaveTable(known)
                for attempt in known {
                    results.remove(attempt)
                    measures[attempt] = nil
                    channels[attempt] = nil
                    outbox.resultsSent.remove(attempt)
                }
            case .discard(let pool, let name): discard(pool: pool, name: name)
            case .sweep(let pool, let tasks, let workers): sweep(pool, tasksBelow: tasks, workersBelow: workers)
            case .gather(let milliseconds): gather = Int64(milliseconds)
            }
        }
        if outbox.revoked.count > Supervisor.maximumAnswers { throw .violation("takes no answers") }
        if exits.reports.count > Supervisor.maximumUnacknowledged { throw .violation("acknowledges no ends") }
    }

    private func greet(_ engine: LinkConnection, version: UInt32, oldest: UInt32) throws(LinkConnection.Fault) {
        guard !engine.isGreeted else { throw .violation("said hello twice") }
        let common = min(version, LinkProtocol.version)
        guard common >= oldest, common >= LinkProtocol.oldestVersion else {
            throw .violation("speaks versions \(oldest) to \(version) of the link, and this supervisor \(LinkProtocol.version)")
        }
        engine.version = common
        outbox = Outbox()
        outbox.welcome = common
        outbox.waiting = queues.waitingAttempts
        outbox.started = running.keys.sorted()
        outbox.ended = exits.reports.keys.sorted()
        outbox.channels = channels.keys.sorted()
        outbox.isInventory = true
    }

    private func setSlots(of pool: String, to count: UInt32) throws(LinkConnection.Fault) {
        guard queues.knows(pool) || queues.poolCount < Supervisor.maximumPools else { throw .violation("names too many pools") }
        queues.setSlots(of: pool, to: count)
    }

    private func accept(_ order: LaunchOrder, _ descriptors: [OwnedDescriptor], lacksDescriptors: Bool) {
        // A repetition: it waits, runs, or has ended, and the inventory said so.
        guard order.attempt > state.heardUpTo else { return }
        state.heardUpTo = order.attempt
        if isStopping { return refuse(order, shortage: ECANCELED) }
        if lacksDescriptors || descriptors.count != order.descriptors.count { return refuse(order, shortage: EMFILE) }
        if case .refused(let refusal) = policyCheck.check(order) { return end(order, .refused, code: refusal.rawValue) }
        let waiting = WaitingOrder(launch: order, descriptors: descriptors)
        guard queues.waitingCount < Supervisor.maximumWaiting,
            queues.waitingSize + waiting.size <= Supervisor.maximumWaitingSize,
            queues.knows(order.pool) || queues.poolCount < Supervisor.maximumPools
        else { return refuse(order, shortage: ENOBUFS) }
        queues.enqueue(order.attempt, pool: order.pool, waiting, size: waiting.size)
    }

    /// Nothing is wrong with the order: it may be given again later.
    func refuse(_ order: LaunchOrder, shortage code: Int32) { end(order, .spawnFailed, code: code, step: .resources) }

    /// The end of an attempt that never ran.
    func end(
        _ order: LaunchOrder, _ ending: EndReport.Ending, code: Int32, step: EndReport.Step = .none, slot: UInt32 = 0
    ) {
        let (now, monotonic) = (Clock.realTime, Clock.monotonic)
        let start = StartReport(attempt: order.attempt, pid: 0, slot: slot, startedAt: now, startedMonotonic: monotonic)
        let report = EndReport(
            start: start, ending: ending, code: code, step: step, endedAt: now, endedMonotonic: monotonic)
        fresh.append(UnacknowledgedEnd(report: report, pool: order.pool, entry: nil))
    }

    private func revoke(_ attempt: UInt64) {
        let withdrawn = queues.withdraw(attempt) != nil
        let ran = running[attempt] != nil || exits.reports[attempt] != nil || fresh.contains { $0.report.attempt == attempt }
        outbox.revoked.append((attempt, withdrawn || !ran))
    }
}
