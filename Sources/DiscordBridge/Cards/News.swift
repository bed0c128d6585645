import OrchProtocol
import Text

/// What is told of workers, pools and the daemon, each event in one line.
public enum News {
    /// How many lines a message has; what comes while it waits is counted.
    static let lines = 15

    /// - Returns: nil for what is about one task.
    public static func line(_ event: Event) -> String? {
        let pool = "pool **\(DiscordText.line(event.pool ?? "?", atMost: 60))**"
        let worker = "**\(DiscordText.line(event.worker ?? event.pool ?? "?", atMost: 80))**"
        let gate = "**\(DiscordText.line(event.gate ?? "?", atMost: 80))**"
        let why = event.detail.map { ": \(DiscordText.line($0, atMost: 150))" } ?? ""
        let line: String
        switch event.kind {
        case .workerReady: line = "🟢 \(worker) is READY"
        case .workerExited: line = "🔁 \(worker) ended without a task\(why)"
        case .poolPaused: line = "⏸️ The \(pool) is paused"
        case .poolResumed: line = "▶️ The \(pool) starts tasks again"
        case .poolResized: line = "↔️ The \(pool) was resized\(why)"
        case .poolDraining: line = "🚰 The \(pool) is draining and takes no new tasks"
        case .daemonStarted: line = "🟢 orchd is READY\(why)"
        case .daemonDraining: line = "🚰 orchd is draining and starts nothing more"
        case .daemonReloaded: line = "⚙️ The configuration was reloaded\(why)"
        case .daemonRestored: line = "⚠️ The queue was restored from a backup\(why)"
        case .gateClosed: line = "⛔ Tasks wait for \(gate)\(why)"
        case .gateOpened: line = "✅ Tasks no longer wait for \(gate)\(why)"
        case .supervisorConnected: line = "🟢 orchd-supervisor is connected"
        case .supervisorLost: line = "⚠️ orchd-supervisor is lost, and nothing starts until it is back"
        default: return nil
        }
        return "<t:\(event.at.milliseconds / 1000):T> \(line)"
    }

    /// One message with all of it, or with its beginning and a number.
    static func content(_ lines: [String], after earlier: Content? = nil) -> Content {
        var content = earlier ?? Content()
        var told = content.text.split(separator: "\n").map(String.init)
        if content.omitted != nil { told.removeLast() }
        var omitted = content.omitted ?? 0
        for line in lines {
            let size = told.reduce(line.utf16.count) { $0 + $1.utf16.count + 1 }
            if omitted == 0, told.count < Self.lines, size < DiscordText.messageLength - 60 {
                told.append(line)
            } else {
                omitted += 1
            }
        }
        if omitted > 0 { told.append("… and \(omitted) more; `orchctl events` lists them") }
        content.omitted = omitted > 0 ? omitted : nil
        content.text = told.joined(separator: "\n")
        return content
    }
}
