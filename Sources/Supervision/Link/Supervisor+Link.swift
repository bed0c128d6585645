import Glibc
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
        if let reason = fault?.reason { _ = engine?.send(.closing(reason: reason)) }
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
        let result = sendAll(to: engine)
        guard result != .failed else { return dropEngine(.closed) }
        if result == .short { flushAt = now + 50 }
        if result == .paused { flushAt = now }
        if let token = engine.token, engine.awaitsRoom != (result == .full) {
            engine.awaitsRoom = result == .full
            try? loop.change(token, to: engine.awaitsRoom ? .readAndWrite : .read)
        }
    }

    private func sendAll(to engine: LinkConnection) -> LinkConnection.SendResult {
        if let version = outbox.welcome {
            let welcome = SupervisorMessage.Welcome(
                version: version, store: state.store, heardUpTo: state.heardUpTo, pid: getpid(), cgroups: cgroups != nil,
                controllers: cgroups?.controllers ?? [],
                program: .init(release: SupervisorProgram.version, executedAt: executedAt))
            let result = engine.send(.welcome(welcome))
            guard result == .sent else { return result }
            outbox.welcome = nil
        }
        for send in [sendWaiting, sendStarted, sendChannels, sendEnded] {
            let result = send(engine)
            guard result == .sent else { return result }
        }
        if outbox.isInventory {
            let result = engine.send(.inventoryEnd)
            guard result == .sent else { return result }
            outbox.isInventory = false
        }
        while let (attempt, accepted) = outbox.revoked.first {
            let result = engine.send(.revoked(attempt: attempt, accepted: accepted))
            guard result == .sent else { return result }
            outbox.revoked.removeFirst()
        }
        return .sent
    }

    private func sendWaiting(_ engine: LinkConnection) -> LinkConnection.SendResult {
        while !outbox.waiting.isEmpty {
            let batch = outbox.waiting.prefix(SupervisorMessage.reportsPerMessage)
            let result = engine.send(.waiting(attempts: batch.filter { queues.isWaiting($0) }))
            guard result == .sent else { return result }
            outbox.waiting.removeFirst(batch.count)
        }
        return .sent
    }

    private func sendStarted(_ engine: LinkConnection) -> LinkConnection.SendResult {
        while !outbox.started.isEmpty {
            let batch = outbox.started.prefix(SupervisorMessage.reportsPerMessage)
            // Of one that has ended since, the end says it all.
            let reports = batch.compactMap { running[$0]?.start }
            let result = reports.isEmpty ? .sent : engine.send(.started(reports))
            guard result == .sent else { return result }
            outbox.started.removeFirst(batch.count)
        }
        return .sent
    }

    private func sendChannels(_ engine: LinkConnection) -> LinkConnection.SendResult {
        while let attempt = outbox.channels.first {
            let result = channels[attempt].map { engine.send(.channel(attempt: attempt), descriptors: [$0]) } ?? .sent
            guard result == .sent else { return result }
            outbox.channels.removeFirst()
        }
        return .sent
    }

    private func sendEnded(_ engine: LinkConnection) -> LinkConnection.SendResult {
        while !outbox.ended.isEmpty {
            let batch = outbox.ended.prefix(SupervisorMessage.reportsPerMessage)
            let reports = batch.compactMap { exits.reports[$0] }
            for report in reports {
                let result = sendResults(of: report.attempt, to: engine)
                guard result == .sent else { return result }
            }
            let measured = measures.isEmpty ? [] : reports.compactMap { measures[$0.attempt] }
            if !measured.isEmpty {
                let result = engine.send(.measured(measured))
                guard result == .sent else { return result }
            }
            let result = reports.isEmpty ? .sent : engine.send(.ended(reports))
            guard result == .sent else { return result }
            outbox.ended.removeFirst(batch.count)
        }
        return .sent
    }
}
