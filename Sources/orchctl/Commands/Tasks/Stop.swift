import ArgumentParser
import OrchClient
import OrchProtocol

struct Stop: TakesRest {
    static let configuration = CommandConfiguration(
        abstract: "Stop tasks, or the daemon.",
        discussion: """
            A queued task is cancelled. A running task ends with all of its processes. A task that has ended stays as it is. \
            Of tasks that you name by their ids, all are stopped or none. Of a range and of what options select, those that \
            have not ended and are yours.

            Examples:
              orchctl stop 42 43
              orchctl stop @last
              orchctl stop --pool build
              orchctl stop --label batch=b1
              orchctl stop --daemon          (waits for running tasks; --now ends them)
            """)

    @OptionGroup var tasks: TaskList

    @Flag(help: "All tasks that have not ended.")
    var all = false

    @Flag(help: "The daemon itself, after the running tasks have ended.")
    var daemon = false

    @Flag(help: "With --daemon: end the running tasks.")
    var now = false

    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        switch [!tasks.isEmpty, all, daemon].count(where: { $0 }) {
        case 0: try tasks.check("stop", or: ", --all or --daemon")
        case 1: break
        default: throw ValidationError("give only one: tasks by ids or options, --all, or --daemon")
        }
        guard daemon || !now else { throw ValidationError("--now is for --daemon; a task is always stopped at once") }
    }

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        let client = try Client(global)
        if daemon {
            return try client.show(.stop, StopParameters(now: now ? true : nil)) { $0.line }
        }
        func parameters(_ ids: [Int64]?, lenient: Bool?) -> CancelParameters {
            var parameters = CancelParameters(ids: ids)
            (parameters.lenient, parameters.subject) = (lenient, bridge.subject)
            return parameters
        }
        // The daemon goes through a pool, or the whole queue, by itself, and so it also meets what comes meanwhile.
        guard all || tasks.isWholePool else {
            let selection = try Selection(tasks, client, states: Verbs.states(for: "stop"))
            try Confirmation.ask(about: selection.ids.count, done: "stopped", tasks)
            return try selection.change(client, .cancel, parameters, ChangeSummary.stopped)
        }
        let pools = try client.session.call(.poolList).pools.filter { all || $0.name == tasks.filter.pool }
        try Confirmation.ask(about: pools.reduce(0) { $0 + $1.counts.queued + $1.counts.running }, done: "stopped", tasks)
        var parameters = parameters(nil, lenient: nil)
        (parameters.pool, parameters.all) = (tasks.filter.pool, all ? true : nil)
        try client.show(.cancel, parameters, ChangeSummary.stopped)
    }
}

extension TaskList {
    /// Whether nothing but a pool is named.
    fileprivate var isWholePool: Bool {
        ids.isEmpty && filter.pool != nil && filter.state.isEmpty && filter.name == nil && filter.label.isEmpty
            && !filter.failed
    }
}
