import ArgumentParser
import OrchProtocol
import Presentation

struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show the usage that agents reported, and the state of the budgets.",
        discussion: """
            Only attempts that reported usage count, each on the day on which it ended, and in the row of each of its labels. \
            For tasks that retention has removed, the sums of whole days are kept.

            Examples:
              orchctl usage
              orchctl usage --by model --since 7d
              orchctl usage --by label --since 2026-11-01 --json | jq '.rows[]'
            """)

    @Option(
        help: ArgumentHelp("label, pool, model, agent, day or submitter.", valueName: "key"),
        transform: { try ArgumentText.word($0, option: "--by") })
    var by: UsageKey = .day

    @Option(
        help: ArgumentHelp(
            "Only attempts that ended since this time, or within this duration, such as 7d.", valueName: "time|duration"),
        transform: ArgumentText.pastTime)
    var since: Timestamp?

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.usage, UsageParameters(by: by, since: since)) {
            UsageTable.text($0, by: by, style: Terminal.style, width: Terminal.width, userName: UserNames().name)
        }
    }
}
