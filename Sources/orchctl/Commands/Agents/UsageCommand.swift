import ArgumentParser
import OrchProtocol
import Presentation

struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show what tasks have used of models, and how far the budgets are.",
        discussion: """
            Only attempts that told count, each on the day on which it ended, and in the row of each of its labels. Of tasks that \
            retention has forgotten whole days are kept.

            Examples:
              orchctl usage
              orchctl usage --by model --since 7d
              orchctl usage --by label --since 2026-11-01 --json | jq '.rows[]'
            """)

    @Option(
        help: ArgumentHelp("label, pool, model, agent or day.", valueName: "key"),
        transform: { try ArgumentText.word($0, option: "--by") })
    var by: UsageKey = .day

    @Option(
        help: ArgumentHelp("Only what ended since, or so long ago.", valueName: "time|duration"),
        transform: ArgumentText.pastTime)
    var since: Timestamp?

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.usage(UsageParameters(by: by, since: since)), as: UsageReport.self) {
            UsageTable.text($0, by: by, style: Terminal.style, width: Terminal.width)
        }
    }
}
