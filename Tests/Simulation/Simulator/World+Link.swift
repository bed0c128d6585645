import Engine
import Platform
import Scheduling
import SupervisorLink

extension World {
    private var latency: Int64 {
        let slow = linkDelay.until > clock.elapsed ? linkDelay.milliseconds : 0
        return plan.linkTime == 0 && slow == 0 ? 0 : .random(in: 0...(plan.linkTime + slow), using: &random)
    }

    /// The engine's link thread tries.
    func connect(_ life: Int) {
        guard let engine, engine.life == life, engine.session == nil else { return }
        guard isSupervisorUp else { return later(.connect(life: life), in: 200) }
        generation += 1
        note("link \(generation) connects")
        // One engine at a time: what an earlier one had sent and nobody has read is dropped.
        if mutation != .hearOldEngine { links = [:] }
        supervisor.dropEngine()
        links[generation] = SimulatedLink(generation: generation, life: life, room: plan.linkRoom)
        engine.session = engine.core.session(generation)
        push(.hello(version: LinkProtocol.version, oldest: LinkProtocol.oldestVersion), [])
    }

    // MARK: To the supervisor

    func sendToSupervisor(_ message: EngineMessage, _ descriptors: [Descriptor]) {
        guard let link = links[generation], link.life == engine?.life else { return note("without a link: \(message.brief)") }
        guard link.isOpen else { return note("too early: \(message.brief)") }
        switch (message, mutation) {
        case (.revoke, .ignoreRevoke), (.stop, .ignoreStop), (.acknowledge, .forgetAcknowledgement), (.discard, .loseDiscard),
            (.sweep, .loseDiscard), (.freeze(_, false), .loseThaw):
            return
        case (.launch(let order), .loseLaunch) where order.attempt % 5 == 0: return
        case (.launch(let order), .skipOrderCheck): push(.launch(poisoned(order)), descriptors)
        case (.slots(let pool, let count), .sendWrongSlots): push(.slots(pool: pool, count: count + 1), descriptors)
        default: push(message, descriptors)
        }
    }

    private func push(_ message: EngineMessage, _ descriptors: [Descriptor]) {
        guard var link = links[generation], !link.isBroken else { return }
        note("engine says \(message.brief)")
        if case .launch = message, losesNextLaunch {
            losesNextLaunch = false
            link.lastToSupervisor = clock.elapsed + 1_000
            later(.linkBreaks(times: 1), in: .random(in: 1...20, using: &random))
        }
        let count = link.send(.init(bytes: message.encoded(), descriptors: descriptors))
        if mutation == .dropBacklog { link.forgetUnsent() }
        links[generation] = link
        goOff(count)
    }

    /// So many packets are on their way now.
    private func goOff(_ count: Int) {
        guard var link = links[generation] else { return }
        for _ in 0..<count {
            link.lastToSupervisor = max(link.lastToSupervisor, clock.elapsed + latency)
            agenda.enter(.toSupervisor(generation), at: link.lastToSupervisor)
        }
        links[generation] = link
    }

    /// What the engine did not see is in the order all the same.
    private func poisoned(_ order: LaunchOrder) -> LaunchOrder {
        let task = Int64(order.name.prefix { $0 != "." }).flatMap { ledger.tasks[$0] }
        // A program that is asked about a task is told nothing of its environment.
        let ofTask = task?.definition.routing == nil ? task?.poison : nil
        guard let poison = ofTask ?? poisons[order.pool] else { return order }
        var order = order
        order.environment += poison.variables.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }
        order.directory = poison.directory ?? order.directory
        return order
    }

    func deliverToSupervisor(_ generation: UInt64) {
        guard isSupervisorUp, let packet = links[generation]?.toSupervisor.first else { return }
        links[generation]?.toSupervisor.removeFirst()
        if let count = links[generation]?.flush(), generation == self.generation { goOff(count) }
        do {
            for message in try EngineMessage.decode(packet.bytes[...]) {
                supervisor.obey(message, packet.descriptors)
                switch message {
                case .stop(let attempt, _): processStopped(attempt)
                case .freeze(let attempt, false): processThawed(attempt)
                default: break
                }
            }
        } catch { return refuse("\(error)") }
        turnSupervisor()
    }

    /// The supervisor ends the connection, as the real one does. Once, and that was a packet; twice, and nobody else's order ever comes.
    private func refuse(_ reason: String) {
        note("the supervisor ends the connection: \(reason)")
        violations.require(
            refusal != reason, "the supervisor ends one connection after the other (\(reason)), and takes no order any more")
        refusal = reason
        breakLink()
    }

    // MARK: To the engine

    func sendToEngine(_ message: SupervisorMessage, _ descriptors: [Descriptor]) {
        guard var link = links[generation], !link.isBroken else { return }
        note("supervisor says \(message.brief)")
        link.toEngine.append(.init(bytes: message.encoded(), descriptors: descriptors))
        link.lastToEngine = max(link.lastToEngine, clock.elapsed + latency)
        links[generation] = link
        agenda.enter(.toEngine(generation), at: link.lastToEngine)
    }

    func deliverToEngine(_ generation: UInt64) {
        guard let packet = links[generation]?.toEngine.first else { return }
        links[generation]?.toEngine.removeFirst()
        if plan.linkRoom != .max, supervisor.hasNews { later(.supervisorWakes, in: 0) }
        guard generation == self.generation, let engine, links[generation]?.life == engine.life else { return }
        do {
            let messages = mutated(try SupervisorMessage.decode(packet.bytes[...]), engine)
            guard var session = engine.session else { return }
            let inputs = try session.take(messages, packet.descriptors)
            engine.core.deliver(inputs, of: &session)
            engine.session = session
            guard !inputs.isEmpty || !packet.descriptors.isEmpty else { return }
            engineReadsLater()
            wakeEngine()
        } catch { violations.add("the engine cannot read what the supervisor says: \(error)") }
    }

    private func mutated(_ messages: [SupervisorMessage], _ engine: SimulatedEngine) -> [SupervisorMessage] {
        messages.map { message in
            switch (message, mutation) {
            case (.ended(let ends), .forgetExit) where engine.session?.isConnected ?? false:
                .ended(ends.filter { $0.attempt % 4 != 0 })
            case (.ended(let ends), .countUnaccepted):
                .ended(
                    ends.map { end in
                        var end = end
                        let process = truth.processes[Int64(end.attempt)]
                        if process?.isWorker ?? false, process?.task == nil { end.ending = .lost }
                        return end
                    })
            case (.ended(let ends), .repeatExitAsAnother):
                .ended(
                    ends.map { end in
                        var end = end
                        if end.attempt % 6 == 5 { end.start.attempt -= 1 }
                        return end
                    })
            case (.ended, .skipInventory) where !(engine.session?.isConnected ?? true): .ended([])
            case (.waiting, .forgetWhatWasHeard): .waiting(attempts: [])
            case (.started, .skipInventory) where !(engine.session?.isConnected ?? true): .started([])
            default: message
            }
        }
    }

    // MARK: Ends

    /// The engine's side is gone. What it had sent is read before its end is.
    func closeLink(ofLife life: Int) {
        guard var link = links[generation], link.life == life else { return }
        link.isBroken = true
        link.forgetUnsent()
        link.toEngine = []
        links[generation] = link
        agenda.enter(.engineGone(generation), at: max(link.lastToSupervisor, clock.elapsed))
    }

    func engineGone(_ generation: UInt64) {
        guard generation == self.generation, links[generation] != nil else { return }
        links[generation] = nil
        supervisor.dropEngine()
    }

    /// The supervisor's side is gone. `keeping` of what is on its way to it arrives before that.
    func breakLink(keeping: Int = 0) {
        guard var link = links[generation], !link.isBroken else { return }
        note("link \(generation) breaks")
        link.isBroken = true
        link.forgetUnsent()
        link.toSupervisor.removeLast(max(0, link.toSupervisor.count - keeping))
        links[generation] = link
        agenda.enter(.supervisorGone(generation), at: max(link.lastToEngine, clock.elapsed))
    }

    /// The engine reads the end of the connection.
    func supervisorGone(_ generation: UInt64) {
        guard generation == self.generation, let engine, links[generation]?.life == engine.life else { return }
        links[generation] = nil
        supervisor.dropEngine()
        if engine.session?.isConnected ?? false {
            engine.core.push([.disconnected])
            wakeEngine()
        }
        engine.session = nil
        later(.connect(life: engine.life), in: .random(in: 20...50, using: &random))
    }
}

extension EngineMessage {
    /// For a trace.
    var brief: String {
        switch self {
        case .hello: "hello"
        case .slots(let pool, let count): "slots \(pool) \(count)"
        case .launch(let order): "launch \(order.attempt) (\(order.name)) in \(order.pool)"
        case .revoke(let attempt): "revoke \(attempt)"
        case .stop(let attempt, let grace): "stop \(attempt) within \(grace)"
        case .freeze(let attempt, let isFrozen): "\(isFrozen ? "freeze" : "thaw") \(attempt)"
        case .acknowledge(let attempts): "acknowledge \(attempts)"
        case .discard(let pool, let name): "discard \(pool)/\(name)"
        case .sweep(let pool, let tasks, let workers): "sweep \(pool) below \(tasks) and w\(workers)"
        case .gather(let milliseconds): "gather \(milliseconds)"
        }
    }
}

extension SupervisorMessage {
    /// For a trace.
    var brief: String {
        switch self {
        case .welcome(let it): "welcome store \(it.store) received up to \(it.heardUpTo)"
        case .waiting(let attempts): "waiting \(attempts)"
        case .started(let starts): "started \(starts.map(\.attempt))"
        case .ended(let ends): "ended \(ends.map { "\($0.attempt) \($0.ending) \($0.code)" })"
        case .measured(let reports): "measured \(reports.map(\.attempt))"
        case .inventoryEnd: "inventory end"
        case .revoked(let attempt, let accepted): "revoked \(attempt) \(accepted)"
        case .result(let attempt): "result \(attempt)"
        case .channel(let attempt): "channel \(attempt)"
        case .resultFiles(let files): "result files \(files.attempt)"
        case .closing(let reason): "closing \(reason)"
        case .door(let attempt): "door \(attempt)"
        }
    }
}
