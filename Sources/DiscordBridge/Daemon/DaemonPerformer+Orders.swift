import FoundationEssentials
import OrchClient
import OrchProtocol
import Presentation
import Text

/// What interactions ask of the daemon.
extension DaemonPerformer {
    /// How much of a log is shown.
    private static let logLines = 20

    /// Does it, once for each key.
    func carryOut(_ order: Order, key: String) throws -> Answer {
        switch order {
        case .submit: return .impossible("a task needs a message")
        case .stop(let ids):
            var parameters = CancelParameters(ids: ids)
            parameters.key = key
            let changed = try call(.cancel, parameters).count
            if ids.count > 1 { return .say("\(changed) of \(ids.count) tasks are being stopped.") }
            return .say(changed > 0 ? "Task \(ids[0]) is being stopped." : "Task \(ids[0]) has ended already.")
        case .retry(let id):
            var parameters = RetryParameters(ids: [id])
            parameters.key = key
            return .say("Task \(id) \(try call(.retry, parameters).count > 0 ? "is queued again" : "is queued already").")
        case .hold(let id): return try change(.hold, id, key, "is held", "was held before")
        case .release(let id): return try change(.release, id, key, "is released", "was not held")
        case .pause(let id): return try change(.pause, id, key, "is paused", "was paused before")
        case .resume(let id): return try change(.resume, id, key, "continues", "was not paused")
        case .prioritize(let id, let priority):
            var parameters = UpdateParameters(id: id)
            parameters.priority = priority
            parameters.key = key
            _ = try call(.update, parameters)
            return .say("Task \(id) has the priority \(priority) now.")
        case .answer(let question, let text):
            var parameters = AnswerParameters(question: question, answer: text)
            parameters.key = key
            let answered = try call(.answer, parameters)
            return .say("Your answer to question \(answered.id): \(answered.answer ?? text)")
        case .pausePool(let pool): return .say(try call(.poolPause, PoolSelection(pool: pool)).message)
        case .resumePool(let pool): return .say(try call(.poolResume, PoolSelection(pool: pool)).message)
        case .resizePool(let pool, let slots):
            return .say(try call(.poolResize, ResizeParameters(pool: pool, slots: slots)).message)
        case .show(let id): return .record(try record(id))
        case .result(let id): return .record(try record(id))
        case .logs(let id): return .told(Content(text: try logs(id)))
        case .status(let pools):
            let status = try call(.status, NoParameters())
            return .told(
                Self.block(
                    "orchd \(SafeText.line(status.version)) is \(status.state.rawValue)\(Self.asked(status))\n\n"
                        + Self.table(status.pools, pools)))
        case .pools(let pools):
            return .told(Self.block(Self.table(try call(.poolList, NoParameters()).pools, pools)))
        case .usage(let pools, let days): return .told(Self.block(try usage(pools, days)))
        case .agents(let pools): return .told(Self.block(try agents(pools)))
        case .models(let pools): return .told(Self.block(try models(pools)))
        }
    }

    private func change(
        _ method: OrchProtocol.Method<TaskSelection, TasksChanged>, _ id: Int64, _ key: String, _ good: String, _ same: String
    ) throws -> Answer {
        var parameters = TaskSelection(ids: [id])
        parameters.key = key
        return .say("Task \(id) \(try call(method, parameters).count > 0 ? good : same).")
    }

    private func logs(_ id: Int64) throws -> String {
        var parameters = LogsParameters(id: id)
        parameters.tail = Self.logLines
        var text = ""
        _ = try call(.logs, parameters) { notification in
            guard case .output(_, let chunk) = notification else { return }
            text += chunk.text ?? "(bytes that are not text)\n"
            if text.utf8.count > 64 << 10 { text = String(text.suffix(8 << 10)) }
        }
        let trimmed = DiscordText.trimmed(text)
        guard !trimmed.isEmpty else { return "Task \(id) has written nothing." }
        return DiscordText.fenced(String(trimmed.suffix(1700)))
    }

    // MARK: Tables

    /// As much of a text as one message holds, in lines.
    private static func block(_ text: String) -> Content {
        var lines: [Substring] = []
        var room = 1700
        for line in DiscordText.trimmed(text).split(separator: "\n", omittingEmptySubsequences: false) {
            room -= line.utf16.count + 1
            guard room > 0 else {
                lines.append("…")
                break
            }
            lines.append(line)
        }
        return Content(text: DiscordText.fenced(lines.joined(separator: "\n")))
    }

    private static let width = 90

    private static func asked(_ status: DaemonStatus) -> String {
        status.questions.map { $0 == 0 ? "" : ", \(counted($0, "question")) open" } ?? ""
    }

    private static func table(_ pools: [PoolRecord], _ wanted: [String]) -> String {
        let table = PoolTable.make(pools.filter { wanted.contains($0.name) })
        return table.isEmpty ? "no pool that you may see" : table.text(style: .plain, width: width)
    }

    private func usage(_ pools: [String], _ days: Int) throws -> String {
        let since = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) - Int64(days) * 86_400_000)
        let rows = try call(.usage, UsageParameters(by: .pool, since: since)).rows
            .filter { $0.name.map(pools.contains) ?? false }
        guard !rows.isEmpty else { return "No usage in \(counted(days, "day"))" }
        func sum(_ value: (Usage) -> Int64?) -> Int64? {
            let values = rows.compactMap { value($0.usage) }
            return values.isEmpty ? nil : values.reduce(0) { $0.addingReportingOverflow($1).partialValue }
        }
        let total = UsageRow(
            attempts: rows.reduce(0) { $0 + $1.attempts },
            usage: Usage(
                tokensIn: sum(\.tokensIn), tokensOut: sum(\.tokensOut), tokensCached: sum(\.tokensCached), cost: sum(\.cost)))
        let report = UsageReport(rows: rows, total: total, budgets: [])
        return "\(counted(days, "day"))\n" + UsageTable.text(report, by: .pool, style: .plain, width: Self.width)
    }

    /// The agents that run the prompts of these pools, each with those of its pools that are among them.
    private func agents(of pools: [String]) throws -> [AgentRecord] {
        try call(.agentList, NoParameters()).agents.compactMap { agent in
            var agent = agent
            agent.pools = agent.pools.filter(pools.contains)
            return agent.pools.isEmpty ? nil : agent
        }
    }

    private func agents(_ pools: [String]) throws -> String {
        var table = Table([.init("AGENT", shrinks: true), .init("MODEL", shrinks: true), .init("POOLS", shrinks: true)])
        for agent in try agents(of: pools) {
            table.add([.init(SafeText.line(agent.name)), .init(SafeText.line(agent.model ?? "–")), Self.cell(agent.pools)])
        }
        return table.isEmpty ? "no agent that you may see" : table.text(style: .plain, width: Self.width)
    }

    private func models(_ pools: [String]) throws -> String {
        var table = Table([
            .init("MODEL", shrinks: true), .init("AGENT", shrinks: true), .init("POOLS", shrinks: true),
            .init("THINKING", shrinks: true),
        ])
        for agent in try agents(of: pools) {
            table.add([
                .init(SafeText.line(agent.model ?? "the agent's own")), .init(SafeText.line(agent.name)),
                Self.cell(agent.pools),
                agent.thinking.map { $0.isEmpty ? "none" : Self.cell($0) } ?? "any",
            ])
        }
        return table.isEmpty ? "no model that you may use" : table.text(style: .plain, width: Self.width)
    }

    private static func cell(_ words: [String]) -> Table.Cell { .init(words.map { SafeText.line($0) }.joined(separator: " ")) }
}

extension Answer {
    fileprivate static func say(_ sentence: String) -> Answer {
        .told(Content(text: DiscordText.line(sentence.prefix(1).uppercased() + sentence.dropFirst(), atMost: 600)))
    }
}
