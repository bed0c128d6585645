import OrchProtocol

/// The whole daemon at a glance: `orchctl status`, and `s` in a foreground run.
public enum StatusText {
    /// What is wrong first, then the daemon, its pools and its workers. Each line ended by a line feed.
    ///
    /// - Parameters:
    ///   - workers: the workers to list.
    ///   - width: the columns of the terminal; nil to cut nothing off.
    public static func text(
        _ status: DaemonStatus, workers: [WorkerRecord], style: Style, width: Int? = nil
    ) -> String {
        var text = problems(status, style) + questions(status, style) + headline(status, style) + "\n"
        text += "\n" + PoolTable.make(status.pools).text(style: style, width: width)
        if let gates = status.gates, !gates.isEmpty {
            text += "\n" + GateTable.make(gates, now: status.now).text(style: style, width: width)
        }
        if !workers.isEmpty { text += "\n" + WorkerTable.make(workers, now: status.now).text(style: style, width: width) }
        return text
    }

    private static func problems(_ status: DaemonStatus, _ style: Style) -> String {
        var problems = status.problems
        if !status.supervisor.connected, problems.isEmpty {
            problems = ["the supervisor is not connected: no task can start; see systemctl status orchd-supervisor"]
        }
        return problems.map { style(.bad, "! " + SafeText.line($0)) + "\n" }.joined()
    }

    private static func questions(_ status: DaemonStatus, _ style: Style) -> String {
        guard let count = status.questions, count > 0 else { return "" }
        let text = count == 1 ? "1 question waits" : "\(count) questions wait"
        return style(.warning, "? \(text) for an answer: orchctl questions") + "\n"
    }

    private static func headline(_ status: DaemonStatus, _ style: Style) -> String {
        let role: Style.Role = status.state == .running ? .good : status.state == .draining ? .warning : .bad
        var parts = ["orchd \(SafeText.line(status.version))", style(role, status.state.rawValue)]
        parts.append("up \(RelativeTime.between(status.startedAt, status.now))")
        parts.append("pid \(status.pid)")
        if status.supervisor.cgroups == false { parts.append("no cgroups: limits and accounting are off") }
        let missing = status.supervisor.missingControllers
        if !missing.isEmpty { parts.append("not limited: \(missing.joined(separator: ", "))") }
        parts.append("\(status.counts.queued) queued, \(status.counts.running) running")
        return parts.joined(separator: " · ")
    }
}

/// The pools and how many tasks each has.
public enum PoolTable {
    /// `warm: my-worker` for a pool with warm workers, whose place in the file system matters less.
    private static func agent(of pool: PoolRecord) -> String {
        // What it had is no longer known.
        if pool.state == .removed { return "–" }
        guard let worker = pool.worker else { return pool.agent }
        return "\(pool.agent): \(worker.split(separator: "/").last ?? "/")"
    }

    public static func make(_ pools: [PoolRecord]) -> Table {
        // What is rare gets a column where there is something to count.
        let rare: [(name: String, count: (TaskCounts) -> Int)] = [
            ("BLOCKED", \.blocked), ("LIMITED", \.limited), ("PAUSED", \.paused),
        ].filter { column in pools.contains { column.count($0.counts) > 0 } }
        let counts = ["SLOTS", "RUNNING", "READY", "DELAYED", "HELD"] + rare.map(\.name) + ["DONE", "FAILED"]
        var table = Table(
            [.init("POOL", shrinks: true), .init("STATE"), .init("AGENT", shrinks: true)]
                + counts.map { Table.Column($0, alignsRight: true) })
        for pool in pools {
            let counts = pool.counts
            table.add(
                [
                    .init(SafeText.line(pool.name), .strong), state(of: pool),
                    .init(SafeText.line(agent(of: pool))), .init(String(pool.slots)), number(counts.running, .accent),
                    number(counts.ready), number(counts.delayed), number(counts.held),
                ] + rare.map { number($0.count(counts), .warning) } + [
                    number(counts.succeeded, .good), number(counts.failed, .bad),
                ])
        }
        return table
    }

    private static func state(of pool: PoolRecord) -> Table.Cell {
        guard pool.state == .active else { return .init(pool.state.rawValue, .warning) }
        return pool.problem == nil ? .init(pool.state.rawValue) : .init("degraded", .bad)
    }

    /// A zero is not news.
    private static func number(_ value: Int, _ role: Style.Role = .plain) -> Table.Cell {
        .init(String(value), value == 0 ? .dim : role)
    }
}

/// What keeps tasks from starting.
public enum GateTable {
    public static func make(_ gates: [GateRecord], now: Timestamp) -> Table {
        var table = Table([
            .init("CLOSED"), .init("UNTIL"), .init("WAITING", alignsRight: true), .init("WHY", shrinks: true),
        ])
        for gate in gates {
            table.add([
                .init(SafeText.line(gate.name), .warning), .init(gate.until.map { LocalTime.short($0, now: now) } ?? ""),
                .init(String(gate.waiting)), .init(SafeText.line(gate.reason)),
            ])
        }
        return table
    }
}

/// The workers and what each does.
public enum WorkerTable {
    public static func make(_ workers: [WorkerRecord], now: Timestamp) -> Table {
        var table = Table([
            .init("WORKER"), .init("STATE"), .init("TASK"), .init("PID", alignsRight: true), .init("SINCE"),
            .init("WHAT", shrinks: true),
        ])
        for worker in workers {
            let attempt = worker.attempt.map { ".\($0)" } ?? ""
            table.add([
                .init(SafeText.line(worker.name)), .init(worker.state.rawValue, role(worker.state)),
                .init(worker.task.map { "\($0)\(attempt)" } ?? ""), .init(worker.pid.map { String($0) } ?? ""),
                .init(worker.since.map { RelativeTime.text($0, now: now) } ?? ""), .init(SafeText.line(what(worker, now))),
            ])
        }
        return table
    }

    /// Its task and how far it is with it, what it can do, or why there is none.
    private static func what(_ worker: WorkerRecord, _ now: Timestamp) -> String {
        if let reason = worker.reason {
            return (worker.until.map { "until \(LocalTime.short($0, now: now)): " } ?? "") + reason
        }
        let progress = ProgressText.text(TaskProgress(percent: worker.percent, text: worker.activity))
        let parts = [worker.title, progress.isEmpty ? nil : "(\(progress))"].compactMap(\.self)
        if !parts.isEmpty { return parts.joined(separator: " ") }
        return ([worker.version] + (worker.capabilities ?? [])).compactMap(\.self).joined(separator: " ")
    }

    private static func role(_ state: WorkerRecord.State) -> Style.Role {
        switch state {
        case .idle: .dim
        case .ready: .good
        case .busy: .accent
        default: .warning
        }
    }
}
