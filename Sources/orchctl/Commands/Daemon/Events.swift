import ArgumentParser
import OrchClient
import OrchProtocol
import Platform
import Presentation

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what happened, one event on each line.",
        discussion: """
            By default the latest \(Events.defaultCount). With -f it continues without a gap when orchd restarts.

            Examples:
              orchctl events
              orchctl events -f
              orchctl events -f --json --after 1200 | jq -r 'select(.kind == "task.finished") | .task'
            """)

    @Flag(name: .shortAndLong, help: "Also print new events.")
    var follow = false

    @Option(
        help: ArgumentHelp("Only events after this number.", valueName: "seq"),
        transform: { Int64(try ValueRule.sequence.argument($0)) })
    var after: Int64?

    @OptionGroup var global: GlobalOptions

    private static let defaultCount: Int64 = 50

    func run() throws {
        let client = try Client(global)
        var last = try after ?? start(client)
        _ = try client.session.perform { connection in
            try connection.call(.subscribe, SubscribeParameters(after: last, follow: follow)) {
                guard case .event(_, let event) = $0 else { return }
                last = event.seq
                try print(event)
            }
        }
    }

    /// Where to begin. Following begins at a number as well, so that it has a place to continue from even before its first event.
    private func start(_ client: Client) throws -> Int64 {
        let status = try client.session.call(.status)
        if follow { return status.lastEvent }
        let all = max(0, (status.firstEvent ?? 1) - 1)
        let start = max(all, status.lastEvent - Self.defaultCount)
        if start > all {
            Output.remark(
                "these are the latest \(Self.defaultCount) of \(status.lastEvent - all) events; all of them: --after \(all)")
        }
        return start
    }

    private func print(_ event: Event) throws {
        if global.json { return try Output.print(line: event) }
        try Output.print(EventText.line(event, now: LocalTime.now, style: Terminal.style) + "\n")
    }
}
