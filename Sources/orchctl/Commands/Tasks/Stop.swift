import ArgumentParser
import OrchProtocol

struct Stop: TakesRest {
    static let configuration = CommandConfiguration(
        abstract: "Stop tasks, or the daemon.",
        discussion: """
            A queued task is cancelled. A running task ends with all of its processes. A task that has ended stays as it is.

            Examples:
              orchctl stop 42 43
              orchctl stop --pool build
              orchctl stop --daemon          (waits for running tasks; --now ends them)
            """)

    @Argument(help: "The ids of the tasks.", transform: TaskNumber.read)
    var ids: [Int64] = []

    @Option(name: .shortAndLong, help: "All tasks of a pool that have not ended.")
    var pool: String?

    @Flag(help: "All tasks that have not ended.")
    var all = false

    @Flag(help: "The daemon itself, after the running tasks have ended.")
    var daemon = false

    @Flag(help: "With --daemon: end the running tasks.")
    var now = false

    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        switch [!ids.isEmpty, pool != nil, all, daemon].count(where: { $0 }) {
        case 0: throw ValidationError("name what to stop: ids, --pool, --all or --daemon")
        case 1: break
        default: throw ValidationError("give only one of ids, --pool, --all and --daemon")
        }
        guard daemon || !now else { throw ValidationError("--now is for --daemon; a task is always stopped at once") }
    }

    mutating func take(_ rest: CommandLineReader.Rest) throws { ids += try rest.words.map(TaskNumber.read) }

    func run() throws {
        let client = try Client(global)
        if daemon {
            return try client.show(.stop, StopParameters(now: now ? true : nil)) { $0.line }
        }
        func selection(_ ids: [Int64]?) -> CancelParameters {
            var selection = CancelParameters(ids: ids, pool: pool, all: all ? true : nil)
            selection.subject = bridge.subject
            return selection
        }
        if !ids.isEmpty { return try ids.change(client, .cancel, selection, ChangeSummary.stopped) }
        try client.show(.cancel, selection(nil), ChangeSummary.stopped)
    }
}
