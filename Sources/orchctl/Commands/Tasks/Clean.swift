import ArgumentParser
import OrchProtocol
import Platform

struct Clean: TakesRest {
    static let configuration = CommandConfiguration(
        abstract: "Remove tasks that have ended, with their output and their files.",
        discussion: """
            Of tasks that you name by their ids, all are removed or none. Of a range and of what options select, those that \
            have ended and are yours. A task goes with all tasks that it has started; one that another has started goes only \
            with that one. What tasks have cost stays in orchctl usage.

            Examples:
              orchctl clean 42 43
              orchctl clean --all-ended
              orchctl clean --failed --label batch=b1
              orchctl clean --state succeeded --older 7d
            """)

    @OptionGroup var tasks: TaskList

    @Flag(help: "All tasks that have ended.")
    var allEnded = false

    @Option(
        help: ArgumentHelp("Only those that ended so long ago.", valueName: "duration"),
        transform: ArgumentText.duration(.delay))
    var older: Double?

    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if !allEnded, older == nil { try tasks.check("remove", or: ", --older or --all-ended") }
        guard !allEnded || tasks.isEmpty else { throw ValidationError("--all-ended is for all tasks; name none beside it") }
        guard older == nil || tasks.isSelection || tasks.ids.isEmpty else {
            throw ValidationError("--older selects tasks; leave it out where you name tasks by their ids")
        }
    }

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        let client = try Client(global)
        let latest = older.map { LocalTime.now.milliseconds - Int64(min($0, 1e10) * 1000) } ?? .max
        let selection = try Selection(tasks, client, states: Verbs.states(for: "clean"), all: allEnded || older != nil) {
            task in
            // What is below a task goes with it.
            task.parent == nil && (task.finishedAt?.milliseconds ?? .min) <= latest
        }
        try Confirmation.ask(about: selection.ids.count, done: "removed", tasks)
        func parameters(_ ids: [Int64], lenient: Bool?) -> TaskSelection {
            var parameters = TaskSelection(ids: ids)
            (parameters.lenient, parameters.subject) = (lenient, bridge.subject)
            return parameters
        }
        try selection.change(client, .remove, parameters, ChangeSummary.removed)
    }
}
