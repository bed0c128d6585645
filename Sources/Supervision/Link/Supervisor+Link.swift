import Glibc
import Platform
import SupervisorLink

extension Supervisor {
    /// How many packets are taken before anything else gets its turn.
    private static let packetsPerTurn = 64

    /// The newest engine is the engine.
    func acceptEngine() {
        switch listener.accept() {
        case .nobody: return
        case .shortage:
            // The event would come again at once.
            loop.remove(listenerToken)
            listenAgainAt = Clock.monotonic + 1000
        case .connection(let socket):
            dropEngine(.replaced)
            let connection = LinkConnection(socket)
            do throws(SystemError) {
                connection.token = try loop.add(socket, .read, .engine)
                engine = connection
            } catch {
                Log.error("\(error)")
            }
        }
    }

    /// Ends the connection; what it had still to say is not heard.
    func dropEngine(_ fault: LinkConnection.Fault?) {
        if let message = fault?.message { complain(message) }
        // What is not said now is only missing from the other side's log.
        if let reason = fault?.reason { try? engine?.send(.closing(reason: reason)) }
        loop.remove(engine?.token)
        engine = nil
        outbox = Outbox()
        flushAt = nil
    }

    /// An engine that does the same again and again fills no log.
    private func complain(_ message: String) {
        let now = Clock.monotonic
        if let last = lastComplaint, last.message == message, now - last.time < 60_000 { return }
        lastComplaint = (message, now)
        Log.error(message)
    }

    func serveEngine(_ event: EventLoop<Source>.Event) {
        guard let engine, engine.token == event.token, event.isReadable else { return }
        do throws(LinkConnection.Fault) {
            for _ in 0..<Supervisor.packetsPerTurn {
                guard let delivery = try engine.receive() else { return }
                try obey(delivery, from: engine)
            }
        } catch {
            dropEngine(error)
        }
    }

    /// Tells the engine what it has not been told, as far as its socket takes it.
    func flushOutbox() {
        guard let engine, engine.isGreeted, !outbox.isEmpty else { return }
        let now = Clock.monotonic
        if !isStopping, let time = outbox.gatherUntil(gather, now: now, isBusy: { queues.hasWaiting(in: $0) }) {
            flushAt = time
            return
        }
        flushAt = nil
        outbox.filesLeft = Supervisor.filesPerTurn
        var obstacle: LinkConnection.Obstacle?
        do throws(LinkConnection.Obstacle) { try sendAll(to: engine) } catch { obstacle = error }
        switch obstacle {
        case .failed: return dropEngine(.closed)
        case .short: flushAt = now + 50
        case .paused: flushAt = now
        case .full, nil: break
        }
        if let token = engine.token, engine.awaitsRoom != (obstacle == .full) {
            engine.awaitsRoom = obstacle == .full
            try? loop.change(token, to: engine.awaitsRoom ? .readAndWrite : .read)
        }
    }

    private func sendAll(to engine: LinkConnection) throws(LinkConnection.Obstacle) {
        if let version = outbox.welcome {
            let welcome = SupervisorMessage.Welcome(
                version: version, store: state.store, heardUpTo: state.heardUpTo, pid: getpid(), cgroups: cgroups != nil,
                controllers: cgroups?.controllers ?? [],
                program: .init(release: Release.version, executedAt: executedAt), mark: mark)
            try engine.send(.welcome(welcome))
            outbox.welcome = nil
        }
        try sendBatches(of: \.waiting) { batch throws(LinkConnection.Obstacle) in
            try engine.send(.waiting(attempts: batch.filter { queues.isWaiting($0) }))
        }
        try sendBatches(of: \.started) { batch throws(LinkConnection.Obstacle) in
            // Of one that has ended since, the end says it all.
            let reports = batch.compactMap { running[$0]?.start }
            if !reports.isEmpty { try engine.send(.started(reports)) }
        }
        while let attempt = outbox.channels.first {
            if let channel = channels[attempt] { try engine.send(.channel(attempt: attempt), descriptors: [channel]) }
            outbox.channels.removeFirst()
        }
        while let attempt = outbox.doors.first {
            if let door = doors[attempt] { try engine.send(.door(attempt: attempt), descriptors: [door.listener]) }
            outbox.doors.removeFirst()
        }
        try sendBatches(of: \.ended) { batch throws(LinkConnection.Obstacle) in
            let reports = batch.compactMap { exits.reports[$0] }
            for report in reports { try sendResults(of: report.attempt, to: engine) }
            let measured = reports.compactMap { report in
                measures[report.attempt].map { MeasureReport(attempt: report.attempt, $0) }
            }
            if !measured.isEmpty { try engine.send(.measured(measured)) }
            if !reports.isEmpty { try engine.send(.ended(reports)) }
        }
        if outbox.isInventory {
            try engine.send(.inventoryEnd)
            outbox.isInventory = false
        }
        while let (attempt, accepted) = outbox.revoked.first {
            try engine.send(.revoked(attempt: attempt, accepted: accepted))
            outbox.revoked.removeFirst()
        }
    }

    /// Sends what is said of many attempts, as many at a time as a packet has room for.
    private func sendBatches(
        of attempts: WritableKeyPath<Outbox, [UInt64]>,
        _ send: (ArraySlice<UInt64>) throws(LinkConnection.Obstacle) -> Void
    ) throws(LinkConnection.Obstacle) {
        while !outbox[keyPath: attempts].isEmpty {
            let batch = outbox[keyPath: attempts].prefix(SupervisorMessage.reportsPerMessage)
            try send(batch)
            outbox[keyPath: attempts].removeFirst(batch.count)
        }
    }

    // MARK: What it says

    /// Does what one packet of the engine says.
    func obey(_ delivery: LinkConnection.Delivery, from engine: LinkConnection) throws(LinkConnection.Fault) {
        var descriptors = delivery.descriptors
        for message in delivery.messages {
            if case .hello(let version, let oldest) = message {
                try greet(engine, version: version, oldest: oldest)
                continue
            }
            guard engine.isGreeted else { throw .violation("did not send hello first") }
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
        guard !engine.isGreeted else { throw .violation("sent hello twice") }
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
        outbox.doors = doors.keys.sorted()
        outbox.isInventory = true
    }

    /// By what an engine knows our attempts' processes.
    private var mark: ProcessMark? {
        if let cgroups { return cgroups.mark.map { .cgroup($0) } }
        return orphans.map { .limit($0.base) }
    }

    private func setSlots(of pool: String, to count: UInt32) throws(LinkConnection.Fault) {
        guard queues.knows(pool) || queues.poolCount < Supervisor.maximumPools else { throw .violation("names too many pools") }
        queues.setSlots(of: pool, to: count)
    }

    private func accept(_ order: LaunchOrder, _ descriptors: [Descriptor], lacksDescriptors: Bool) {
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
