import OrchProtocol
import Presentation
import Text

/// How the queue stands, in one box. It says nothing that changes by itself, so that it is edited only when something has happened.
public enum StatusCard {
    private static let pools = 20
    private static let gates = 8
    private static let problems = 5

    public static func card(_ status: DaemonStatus) -> Content {
        let gates = status.gates ?? []
        var box = Content.Card(title: "The queue: \(title(status))", colour: colour(status, gates))
        box.body = fitting(status.pools.prefix(pools).map(line), of: status.pools.count, "pools", in: 3000)
        let counts = status.counts
        box.fields = [.init("Running", String(counts.running)), .init("Queued", queued(counts))]
        if let questions = status.questions, questions > 0 { box.fields.append(.init("Open questions", String(questions))) }
        if !gates.isEmpty {
            let lines = gates.prefix(Self.gates).map { gate in
                let until = gate.until.map { ", until <t:\($0.milliseconds / 1000):f>" } ?? ""
                let waiting = gate.waiting > 0 ? " (\(counted(gate.waiting, "task")))" : ""
                return
                    "\(DiscordText.line(gate.name, atMost: 60)): \(DiscordText.line(gate.reason, atMost: 100))\(until)\(waiting)"
            }
            box.fields.append(.init("Limits and budgets that are used up", fitting(lines, of: gates.count, "limits")))
        }
        if !status.problems.isEmpty {
            let lines = status.problems.prefix(problems).map { DiscordText.line($0, atMost: 180) }
            box.fields.append(.init("Problems", fitting(lines, of: status.problems.count, "problems")))
        }
        box.footer = "orchd \(SafeText.line(status.version).shortened(to: 40))"
        return Content(card: box)
    }

    /// What is shown while there is no daemon.
    public static let away = Content(
        card: Content.Card(title: "The queue: orchd is away", body: "Messages wait until it is back.", colour: grey))

    private static func title(_ status: DaemonStatus) -> String {
        if !status.supervisor.connected { return "nothing starts, because orchd-supervisor is away" }
        switch status.state {
        case .running: return "running"
        case .draining: return "draining, nothing new starts"
        case .degraded: return "degraded"
        default: return SafeText.line(status.state.rawValue).shortened(to: 40)
        }
    }

    private static func colour(_ status: DaemonStatus, _ gates: [GateRecord]) -> Int {
        if !status.supervisor.connected || status.state == .degraded { return 0xE7_4C3C }
        if status.state != .running || !gates.isEmpty || status.pools.contains(where: { $0.problem != nil }) {
            return 0xF1_C40F
        }
        return 0x2E_CC71
    }

    private static func line(_ pool: PoolRecord) -> String {
        let name = DiscordText.line(pool.name, atMost: 40)
        let state = pool.state == .active ? "" : ", \(SafeText.line(pool.state.rawValue).shortened(to: 20))"
        let ready = pool.ready.map { ", \($0) ready" } ?? ""
        let problem = pool.problem.map { ": \(DiscordText.line($0, atMost: 120))" } ?? ""
        return
            "**\(name)** \(pool.counts.running)/\(pool.slots) running, \(queued(pool.counts)) queued\(ready)\(state)\(problem)"
    }

    private static func queued(_ counts: TaskCounts) -> String {
        let parts = [
            (counts.held, "held"), (counts.delayed, "delayed"), (counts.limited, "limited"), (counts.blocked, "blocked"),
            (counts.paused, "paused"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return "\(counts.queued)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }

    /// As many lines as there is room for: in a field, if nothing else is said.
    private static func fitting(_ lines: [String], of count: Int, _ noun: String, in room: Int = 950) -> String {
        var text = ""
        var taken = 0
        for line in lines where text.utf16.count + line.utf16.count < room {
            text += (text.isEmpty ? "" : "\n") + line
            taken += 1
        }
        return text + more(count - taken, noun)
    }

    private static func more(_ count: Int, _ noun: String) -> String { count > 0 ? "\n… and \(count) more \(noun)" : "" }

    private static let grey = 0x95_A5A6
}
