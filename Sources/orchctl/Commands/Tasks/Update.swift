import ArgumentParser
import OrchProtocol

struct Update: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change a task that has not started.",
        discussion: """
            Examples:
              orchctl update 42 --priority 10
              orchctl update 42 --pool build --not-before "tomorrow 6:00"
            """)

    @Argument(help: "The id of the task.", transform: TaskNumber.read)
    var id: Int64

    @Option(name: .shortAndLong, help: "The pool.")
    var pool: String?

    @Option(name: .shortAndLong, help: "The name of the task in lists.")
    var name: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("Higher runs earlier.", valueName: "number"),
        transform: ArgumentText.whole(.priority))
    var priority: Int?

    @Option(
        help: ArgumentHelp("The maximum run time of an attempt.", valueName: "duration"),
        transform: ArgumentText.duration(.timeout)
    )
    var timeout: Double?

    @Option(
        help: ArgumentHelp("How often to try again after a failure.", valueName: "number"),
        transform: ArgumentText.whole(.retries))
    var retries: Int?

    @Option(help: ArgumentHelp("Do not start it before this time.", valueName: "time"), transform: ArgumentText.futureTime)
    var notBefore: Timestamp?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        let given = [pool != nil, name != nil, priority != nil, timeout != nil, retries != nil, notBefore != nil]
        guard given.contains(true) else { throw ValidationError("name what to change") }
    }

    func run() throws {
        var parameters = UpdateParameters(id: id)
        parameters.pool = pool
        parameters.name = name
        parameters.priority = priority
        parameters.timeout = timeout
        parameters.retries = retries
        parameters.notBefore = notBefore
        try Client(global).show(.update, parameters) { _ in "task \(id) changed\n" }
    }
}
