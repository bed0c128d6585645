import OrchProtocol

/// Gates close and open.
extension Scheduler {
    /// Milliseconds until it is tried again the first time where nobody says when; it doubles with each time in a row.
    private static let firstWait: Int64 = 60_000

    /// Lets no task through a gate until a time. One that is closed for longer already stays so.
    ///
    /// - Parameter until: in milliseconds since 1970; nil where it is not known, for a wait that grows from time to time.
    /// - Returns: when it will open.
    @discardableResult
    func closeGate(
        _ name: String, until: Int64?, reason: String, _ work: inout TurnWork<some TaskTransaction>
    ) throws -> Int64 {
        let name = GateName.canonical(name)
        let known = work.store.gates[name]
        var gate = known ?? Gate(name: name, until: nil, reason: reason, since: work.now.wall)
        // Several that ran at once tell of the same limit: the first of them counts.
        if let closed = gate.until, closed >= until ?? 0 { return closed }
        if let until {
            (gate.until, gate.isRelative, gate.attempts) = (max(until, work.now.wall + 1), false, 0)
        } else {
            gate.attempts += 1
            let wait = min(Self.firstWait << min(gate.attempts - 1, 20), rules.longestWait)
            (gate.until, gate.isRelative) = (work.now.wall + wait, true)
        }
        gate.reason = reason
        if known?.isClosed != true { gate.since = work.now.wall }
        try work.store.save(gate)
        try takeBackTasks(behind: name, &work)
        work.event(.gateClosed) {
            $0.gate = name
            $0.detail = reason
        }
        return gate.until ?? work.now.wall
    }

    /// - Parameter forgetting: whether the next wait is to be as short as the first.
    func openGate(_ gate: Gate, forgetting: Bool, why: String, _ work: inout TurnWork<some TaskTransaction>) throws {
        if forgetting || gate.attempts == 0 {
            try work.store.removeGate(gate.name)
        } else {
            var gate = gate
            gate.until = nil
            try work.store.save(gate)
        }
        work.event(.gateOpened) {
            $0.gate = gate.name
            $0.detail = why
        }
    }

    func gateStates(in store: some TaskTransaction) -> GateStates {
        GateStates(rules: rules, gates: store.gates, busy: store.busyLanes)
    }

    /// Notes what is next in the lanes that this turn has opened, whether by a gate, an end or other limits.
    func noteOpened(since before: GateStates, _ work: inout TurnWork<some TaskTransaction>) throws {
        let gateStates = gateStates(in: work.store)
        for pool in settings.keys.sorted() {
            for lane in work.store.lanes(in: pool).keys.sorted() where gateStates.isOpen(lane) && !before.isOpen(lane) {
                if let best = try work.store.ready(in: pool, lane: lane, limit: 1).first { work.noteReady(best) }
            }
        }
    }

    /// Opens the gates whose time has come.
    func wakeGates(_ work: inout TurnWork<some TaskTransaction>) throws {
        guard !work.store.gates.isEmpty else { return }
        var isNewDay = false
        for gate in work.store.gates.values.sorted(by: { $0.name < $1.name }) {
            guard let until = gate.until, until <= work.now.wall else { continue }
            if gate.name.hasPrefix(GateName.budgetPrefix) {
                isNewDay = true
            } else {
                try openGate(gate, forgetting: false, why: "the time is over", &work)
            }
        }
        if isNewDay { try checkBudgets(&work) }
    }

    /// The clock was set: what was reckoned on it moves along.
    func shiftGates(by milliseconds: Int64, _ work: inout TurnWork<some TaskTransaction>) throws {
        for var gate in work.store.gates.values where gate.isRelative {
            guard let until = gate.until else { continue }
            gate.until = until + milliseconds
            try work.store.save(gate)
        }
    }

    /// A task has got through: whatever kept others back before is over.
    func noteSuccess(of task: TaskItem, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard !task.lane.isEmpty, !work.store.gates.isEmpty else { return }
        for name in GateName.names(in: task.lane) {
            if let gate = work.store.gates[String(name)], !gate.isClosed { try work.store.removeGate(gate.name) }
        }
    }

    func resumeAgent(
        _ name: String, by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        try requester.requireAdministrator(to: "lift the limit of an agent")
        let prefix = GateName.agentPrefix + name + "/"
        let closed = work.store.gates.values.filter { $0.isClosed && $0.name.hasPrefix(prefix) }
        guard rules.agents[name] != nil || !closed.isEmpty else {
            let hint = nearest(name, in: rules.agents.keys.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
            throw WireError(.notFound, "there is no agent \"\(name.shortened(to: 64))\"\(hint)", field: "agent")
        }
        for gate in closed.sorted(by: { $0.name < $1.name }) {
            try openGate(gate, forgetting: true, why: "resumed by uid \(requester.uid)", &work)
        }
        let sentence = closed.isEmpty ? "the agent \"\(name)\" was not limited" : "the agent \"\(name)\" starts tasks again"
        work.effects.append(.reply(reply, .done(sentence)))
    }

    /// Takes back what has been handed over and not started.
    private func takeBackTasks(behind gate: String, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard isConnected else { return }
        for attempt in try work.store.liveAttempts() where attempt.state == .dispatched && attempt.stopping == nil {
            guard let lane = try work.store.task(attempt.task)?.lane else { continue }
            if GateName.names(in: lane).contains(Substring(gate)) { work.effects.append(.revoke(attempt: attempt.id)) }
        }
    }
}
