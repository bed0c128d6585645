import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol
import Presentation

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the daemon, its pools and its workers.",
        discussion: """
            With --json it prints the status of the daemon; orchctl worker list --json has the workers.

            Examples:
              orchctl status
              orchctl status --watch
              orchctl status --json | jq .counts.failed
            """)

    @Flag(name: .shortAndLong, help: "Show it again every second.")
    var watch = false

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let client = try Client(global)
        try show(client)
        if !watch { client.remarkOthers(global) }
        while watch {
            sleep(1)
            try show(client)
        }
    }

    private func show(_ client: Client) throws {
        try client.show(.status) { status in
            let list = try client.session.call(.workerList, WorkerListParameters())
            let text = StatusText.text(status, workers: list.workers, style: Terminal.style, width: Terminal.width)
            // From the top left corner, and the rest of what was there before is wiped.
            guard watch, Terminal.isOutput else { return text }
            // A line that is too long is cut by the terminal, which else would continue in the next one.
            return "\u{1B}[H\u{1B}[2J\u{1B}[?7l\(Self.screen(text, rows: Terminal.height))\u{1B}[?7h"
        }
    }

    /// What there is room for: a view that is taller than the terminal would scroll its head away.
    static func screen(_ text: String, rows: Int) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > rows, rows > 1 else { return text }
        return lines.prefix(rows - 1).joined(separator: "\n") + "\n… and \(lines.count - rows) more lines: orchctl status"
    }
}
