import ArgumentParser
import OrchProtocol

struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop tasks, or the daemon.",
        discussion: """
            A queued task is cancelled, a running one is ended with all of its processes.

            Examples:
              orchctl stop 42 43
              orchctl stop --pool build
              orchctl stop --daemon          (finishes what runs; --now ends it)
            """)

    @Argument(help: "The ids of the tasks.")
    var ids: [Int64] = []

    @Option(name: .shortAndLong, help: "All tasks of a pool that have not ended.")
    var pool: String?

    @Flag(help: "All tasks that have not ended.")
    var all = false

    @Flag(help: "The daemon itself, once the running tasks have ended.")
    var daemon = false

    @Flag(help: "With --daemon: end the running tasks.")
    var now = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        let choices = [!ids.isEmpty, pool != nil, all, daemon].count { $0 }
        guard choices == 1 else { throw ValidationError("say what to stop: ids, --pool, --all or --daemon") }
        guard daemon || !now else { throw ValidationError("--now is for --daemon; a task is always stopped at once") }
    }

    func run() throws {
        let client = Client(global)
        if daemon {
            return try client.show(.stop(StopParameters(now: now ? true : nil)), as: Remark.self) {
                $0.text(else: now ? "orchd stops now" : "orchd stops once the running tasks have ended")
            }
        }
        let selection = CancelParameters(ids: ids.isEmpty ? nil : ids, pool: pool, all: all ? true : nil)
        try client.show(.cancel(selection), as: TasksChanged.self, Changed.stopped)
    }
}
