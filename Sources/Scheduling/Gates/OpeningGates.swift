import OrchProtocol

/// Gates close and open.
extension Turn {
    /// Milliseconds until it is tried again the first time where nobody says when; it doubles with each time in a row.
    private static var firstWait: Int64 { 60_000 }

    /// Lets no task through a gate until a time. One that is closed for longer already stays so.
    ///
    /// - Parameter until: in milliseconds since 1970; nil where it is not known, for a wait that grows from time to time.
    /// - Returns: when it will open.
    @discardableResult
    mutating func closeGate(_ name: String, until: Int64?, reason: String) throws -> Int64 {
        let name = GateName.canonical(name)
        let known = store.gates[name]
        var gate = known ?? Gate(name: name, until: nil, reason: reason, since: now.wall)
        // Several that ran at once report the same limit: the first of them counts.
        if let closed = gate.until, closed >= until ?? 0 { return closed }
        if let until {
            (gate.until, gate.isRelative, gate.attempts) = (max(until, now.wall + 1), false, 0)
        } else {
            gate.attempts += 1
            let wait = min(Self.firstWait << min(gate.attempts - 1, 20), state.rules.longestWait)
            (gate.until, gate.isRelative) = (now.wall + wait, true)
        }
        gate.reason = reason
        if known?.isClosed != true { gate.since = now.wall }
        assert(gate.isClosed)
        try store.save(gate)
        try takeBackTasks(behind: name)
        event(.gateClosed) {
            $0.gate = name
            $0.detail = reason
        }
        return gate.until ?? now.wall
    }

    /// - Parameter forgetting: whether the next wait is as short as the first.
    mutating func openGate(_ gate: Gate, forgetting: Bool, why: String) throws {
        if forgetting || gate.attempts == 0 {
            try store.removeGate(gate.name)
        } else {
            var gate = gate
            gate.until = nil
            try store.save(gate)
        }
        event(.gateOpened) {
            $0.gate = gate.name
            $0.detail = why
        }
    }

    func gateStates(_ lending: Lending = .none) -> GateStates {
        GateStates(rules: state.rules, gates: store.gates, busy: store.busyLanes, lending: lending)
    }

    /// Notes what is next in the lanes that this turn has opened, whether by a gate, an end or other limits.
    mutating func noteOpened(since before: GateStates) throws {
        let gateStates = gateStates()
        for pool in state.settings.keys.sorted() {
            for lane in store.lanes(in: pool).keys.sorted() where gateStates.isOpen(lane) && !before.isOpen(lane) {
                if let best = try store.ready(in: pool, lane: lane, limit: 1).first { noteReady(best) }
            }
        }
    }

    /// Opens the gates whose time has come.
    mutating func wakeGates() throws {
        guard !store.gates.isEmpty else { return }
        var isNewDay = false
        for gate in store.gates.values.sorted(by: { $0.name < $1.name }) {
            guard let until = gate.until, until <= now.wall else { continue }
            if gate.name.hasPrefix(GateName.budgetPrefix) {
                isNewDay = true
            } else {
                try openGate(gate, forgetting: false, why: "the time is over")
            }
        }
        if isNewDay { try checkBudgets() }
    }

    /// The clock was set: what was reckoned on it moves along.
    mutating func shiftGates(by milliseconds: Int64) throws {
        for var gate in store.gates.values where gate.isRelative {
            guard let until = gate.until else { continue }
            gate.until = until + milliseconds
            try store.save(gate)
        }
    }

    /// A task has got through: whatever kept others back before is over.
    mutating func noteSuccess(of task: TaskItem) throws {
        guard !task.lane.isEmpty, !store.gates.isEmpty else { return }
        for name in GateName.names(in: task.lane) {
            if let gate = store.gates[String(name)], !gate.isClosed { try store.removeGate(gate.name) }
        }
    }

    mutating func resumeAgent(_ name: String, by requester: Requester) throws -> Answer {
        let prefix = GateName.agentPrefix + name + "/"
        let closed = store.gates.values.filter { $0.isClosed && $0.name.hasPrefix(prefix) }
        guard state.rules.agents[name] != nil || !closed.isEmpty else {
            let hint = nearest(name, in: state.rules.agents.keys.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
            throw WireError(.notFound, "there is no agent \"\(name.shortened(to: 64))\"\(hint)", field: "agent")
        }
        for gate in closed.sorted(by: { $0.name < $1.name }) {
            try openGate(gate, forgetting: true, why: "resumed by \(requester.principal)")
        }
        let sentence = closed.isEmpty ? "the agent \"\(name)\" was not limited" : "the agent \"\(name)\" starts tasks again"
        return .now(.done(sentence))
    }

    /// Takes back what has been handed over and not started.
    private mutating func takeBackTasks(behind gate: String) throws {
        guard state.isConnected else { return }
        for attempt in try store.liveAttempts() where attempt.state == .dispatched && attempt.stopping == nil {
            guard let lane = try store.task(attempt.task)?.lane else { continue }
            if GateName.names(in: lane).contains(Substring(gate)) { effects.append(.revoke(attempt: attempt.id)) }
        }
    }

    // MARK: Limits
    // Usage and rate limits: nothing is wrong with the task, it only has to wait.

    /// Milliseconds after the end of a limit, since the clocks of two machines are not one.
    private static var limitMargin: Int64 { 60_000 }

    /// Puts a task back that met a limit: it waits at its agent's gate with all others of that agent. The attempt is kept, and does
    /// not count.
    mutating func waitOut(_ failure: AgentFailure, _ task: TaskItem, after attempt: Attempt) throws {
        let told = failure.until.map { max($0, now.wall) + Self.limitMargin }
        let until = try closeGate(gate(of: failure, task, attempt), until: told, reason: failure.message)
        let waiting = try change(task, on: .giveBack) {
            $0.attemptsBeforeRetry += 1
            $0.reason = nil
        }
        guard let waiting else { return }
        let clock = Timestamp(milliseconds: until).description.dropFirst(11).prefix(5)
        let reason = "limited until \(clock) UTC: \(failure.message)"
        event(.taskRetrying, of: waiting, attempt: attempt, detail: reason)
        try endTree(of: attempt, isFinal: false)
    }

    /// The gate at which tasks of that agent wait: its pool may have another one by now, which has met no limit.
    private func gate(of failure: AgentFailure, _ task: TaskItem, _ attempt: Attempt) -> String {
        let agent = attempt.agent ?? ""
        let own = GateName.agent(agent, provider: "")
        // Providers may share a gate where there are too many of them.
        let names = GateName.names(in: task.lane).filter { $0.hasPrefix(own) }
        return names.first.map(String.init) ?? GateName.agent(agent, provider: failure.provider)
    }
}
