import ArgumentParser
import OrchProtocol

struct Wait: TakesRest {
    static let configuration = CommandConfiguration(
        abstract: "Wait until tasks have ended.",
        discussion: """
            It exits with 0 if all succeeded, with 1 if any did not, and with 6 if --timeout was over first.

            Examples:
              orchctl wait 42
              orchctl wait --timeout 10m 42 43 44
              orchctl wait --label batch=b1
              orchctl submit --batch tasks.jsonl | xargs orchctl wait
            """)

    @OptionGroup var tasks: TaskList

    @Option(help: ArgumentHelp("The maximum time to wait.", valueName: "duration"), transform: ArgumentText.duration(.delay))
    var timeout: Double?

    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func validate() throws { try tasks.check("wait for") }

    func run() throws {
        let deadline = timeout.map { ContinuousClock.now + .seconds(min($0, 1e9)) }
        let client = try Client(global)
        let ids = try Selection(tasks, client, states: []).ids
        if ids.isEmpty { Output.remark("there is no such task, and nothing to wait for") }
        let status = try TaskWait(client: client, deadline: deadline).report(ids)
        if status != .ok { throw ExitCode(status.rawValue) }
    }
}
