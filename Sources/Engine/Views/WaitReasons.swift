import DaemonConfiguration
import OrchProtocol
import Scheduling
import Storage

/// Why tasks that are ready wait, which is not stored with them.
struct WaitReasons {
    let configuration: Configuration
    let pausedPools: Set<String>
    /// What each pool offers.
    let offered: [String: Set<String>]
    let counts: Tally
    let isDraining: Bool
    /// Why nothing can be started for lack of a supervisor; nil if it is there.
    let supervisorProblem: String?
    /// In percent, where it is too much.
    let memoryPressure: Double?
    let now: Timestamp

    let gateStates: GateStates

    /// The record with what it waits for, in a word and in a sentence.
    ///
    /// - Parameter slots: of its pool.
    func explained(_ record: TaskRecord, slots: [String: Int]) -> TaskRecord {
        var record = record
        switch record.waiting {
        case .ready:
            if let (waiting, reason) = obstacle(record) {
                (record.waiting, record.reason) = (waiting, reason)
            } else {
                record.reason = record.reason ?? queue(record, slots: slots[record.pool] ?? 0)
            }
        case .delayed:
            guard let due = record.dueAt else { break }
            let time = LocalTime.short(due, now: now)
            record.reason = record.reason.map { "\($0); tried again at \(time)" } ?? "not before \(time)"
        default: break
        }
        return record
    }

    private func obstacle(_ record: TaskRecord) -> (WaitReason, String)? {
        if let obstacle = obstacle(ofPool: record.pool) { return obstacle }
        // What is ordered has passed its gates.
        guard let gates = record.gates, !gates.isEmpty, !record.isOrdered else { return nil }
        let obstacles = Self.ordered(gates).compactMap { gate in
            reason(gate).map { ($0, sentence(gate, record)) }
        }
        guard let word = obstacles.first?.0 else { return nil }
        return (word, obstacles.map(\.1).joined(separator: "; "))
    }

    /// What nobody offers comes first: it does not pass by itself.
    private static func ordered(_ gates: [String]) -> [String] {
        gates.sorted { $0 == GateName.needs && $1 != GateName.needs }
    }

    /// What keeps all tasks of a pool from starting.
    private func obstacle(ofPool pool: String) -> (WaitReason, String)? {
        if configuration.pool(pool) == nil {
            return (.blocked, "the pool \"\(pool)\" is no longer in the configuration")
        }
        if pausedPools.contains(pool) {
            return (.paused, "the pool \"\(pool)\" is paused; `orchctl pool resume \(pool)` starts it again")
        }
        if isDraining { return (.paused, "the daemon is draining") }
        if let supervisorProblem { return (.blocked, supervisorProblem) }
        if let memoryPressure {
            let percent = "\(Int(memoryPressure.rounded())) percent"
            return (.limited, "the machine is short of memory: its programs wait for memory \(percent) of the time")
        }
        return shortage(pool).map { (.limited, $0) }
    }

    /// The same of all ready tasks at once, in words.
    var places: WaitPlaces {
        WaitPlaces(
            pools: Dictionary(
                uniqueKeysWithValues: counts.occupiedPools.map { pool in
                    if let (reason, _) = obstacle(ofPool: pool) { return (pool, .init(reason: reason)) }
                    let lanes = counts.lanes(in: pool).keys.compactMap { lane in
                        Self.ordered(GateName.names(in: lane).map(String.init)).lazy
                            .compactMap { reason($0) }.first.map { (lane, $0) }
                    }
                    return (pool, .init(lanes: Dictionary(uniqueKeysWithValues: lanes)))
                }))
    }

    private func shortage(_ name: String) -> String? {
        guard let each = configuration.pool(name)?.settings.reserve, let all = configuration.admission.memory else {
            return nil
        }
        let reserved = Admission.reserved(configuration.pools.lazy.map(\.settings)) { counts.live(in: $0) }
        guard reserved > 0, each > all - reserved else { return nil }
        let (own, taken, total) = (ByteText.text(each), ByteText.text(reserved), ByteText.text(all))
        return "the pool \"\(name)\" reserves \(own) of memory for each task, and \(taken) of \(total) are reserved"
    }

    /// What a gate makes a task wait for, if it is not open.
    private func reason(_ gate: String) -> WaitReason? {
        if gate == GateName.needs || gate == GateName.rights { return .blocked }
        if gate.hasPrefix(GateName.spentPrefix) { return .paused }
        if counts.gates[gate]?.isClosed ?? false { return gate.hasPrefix(GateName.budgetPrefix) ? .paused : .limited }
        guard let limit = gateStates.occupancy(of: gate), limit.running >= limit.maximum else { return nil }
        return .limited
    }

    /// The same as a sentence about this task.
    private func sentence(_ gate: String, _ record: TaskRecord) -> String {
        if gate == GateName.needs { return Capabilities.complaint(record.needs ?? [], pool: record.pool, offered: offered) }
        if gate.hasPrefix(GateName.spentPrefix) { return record.reason ?? Self.spentReason(gate) }
        if gate == GateName.rights { return record.reason ?? Self.rightsReason }
        if let closed = counts.gates[gate], closed.isClosed {
            // What it has met itself, and not another that has closed the gate.
            let own = record.attempts.last.flatMap { $0.outcome?.kind == .limited ? $0.reason : nil }
            return sentence(closed, reason: gate.hasPrefix(GateName.agentPrefix) ? own ?? closed.reason : closed.reason)
        }
        return gateStates.occupancy(of: gate).map { sentence(gate, $0) } ?? gate
    }

    private static let rightsReason = "those above them may not start tasks in their pool; `orchctl show` says why"

    private static func spentReason(_ gate: String) -> String {
        "each has spent its own budget \"\(gate.dropFirst(GateName.spentPrefix.count))\""
    }

    private func sentence(_ gate: Gate, reason: String) -> String {
        guard let until = gate.until, until != Gate.never else { return reason }
        let time = LocalTime.minute(Timestamp(milliseconds: until), now: now)
        if gate.name.hasPrefix(GateName.agentPrefix) {
            let agent = gate.name.dropFirst(GateName.agentPrefix.count).prefix { $0 != "/" }
            return "limited until \(time): \(reason); `orchctl agent resume \(agent)` starts it at once"
        }
        return "\(reason), until \(time)"
    }

    private func sentence(_ gate: String, _ limit: (running: Int, maximum: Int)) -> String {
        let name =
            gate.hasPrefix(GateName.treePrefix)
            ? "running in [spawn] or scope of task \(gate.dropFirst(GateName.treePrefix.count).prefix { $0 != "/" })"
            : "limit \(gate.dropFirst(GateName.limitPrefix.count))"
        return "\(name): \(limit.running) of \(limit.maximum) running"
    }

    /// What nothing but a slot is missing for, in words.
    private func queue(_ record: TaskRecord, slots: Int) -> String {
        guard slots > 0 else {
            return "the pool \"\(record.pool)\" has no slots; `orchctl pool resize \(record.pool) 1` gives it one"
        }
        // Looked at in the moment in which it is about to start.
        let live = counts.live(in: record.pool)
        guard live.running + live.dispatched >= slots else {
            return "it starts next: the pool \"\(record.pool)\" has a free slot"
        }
        return "all slots of the pool \"\(record.pool)\" are taken (\(slots))"
    }

    /// The gates that are closed, and the limits that are reached, with how many wait for them.
    func gates() -> [GateRecord] {
        var waiting: [String: Int] = [:]
        for pool in counts.occupiedPools {
            for (lane, count) in counts.lanes(in: pool) {
                for name in GateName.names(in: lane) { waiting[String(name), default: 0] += count }
            }
        }
        let closed = counts.gates.values.filter(\.isClosed).map { gate in
            var record = GateRecord(name: gate.name, reason: gate.reason, waiting: waiting[gate.name] ?? 0)
            record.since = Timestamp(milliseconds: gate.since)
            if let until = gate.until, until != Gate.never { record.until = Timestamp(milliseconds: until) }
            return record
        }
        let reached = waiting.compactMap { name, count -> GateRecord? in
            if name == GateName.needs {
                let reason = "their pool does not offer what they need; `orchctl show` says what"
                return GateRecord(name: name, reason: reason, waiting: count)
            }
            if name == GateName.rights { return GateRecord(name: name, reason: Self.rightsReason, waiting: count) }
            if name.hasPrefix(GateName.spentPrefix) {
                return GateRecord(name: name, reason: Self.spentReason(name), waiting: count)
            }
            guard let limit = gateStates.occupancy(of: name), limit.running >= limit.maximum else { return nil }
            return GateRecord(name: name, reason: sentence(name, limit), waiting: count)
        }
        return (closed + reached).sorted { $0.name < $1.name }
    }
}
