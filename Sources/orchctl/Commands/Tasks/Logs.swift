import ArgumentParser
import OrchClient
import OrchProtocol
import Presentation

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what a task has written.",
        discussion: """
            The task's standard output goes to standard output, its standard error to standard error, byte for byte. A \
            terminal gets text and colours only.

            Without an id it is the last task that you have submitted.

            Examples:
              orchctl logs 42
              orchctl logs -f
              orchctl logs -f --tail 20 42
              orchctl logs --stderr --attempt 1 42
              orchctl logs --since 10m 42
              orchctl logs --journal 42        what happened to the task, from the journal
            """)

    @Argument(
        help: ArgumentHelp("The id of the task, or of an attempt, like 42.1; @last otherwise.", valueName: "id"),
        transform: AttemptWord.read)
    var task: AttemptWord = .recent(back: 0)

    @Flag(name: .shortAndLong, help: "Also print new output, until the task has ended.")
    var follow = false

    @Flag(help: "Only standard output.")
    var stdout = false

    @Flag(help: "Only standard error.")
    var stderr = false

    @Option(
        name: [.customShort("n"), .long], help: ArgumentHelp("Only the last lines.", valueName: "number"),
        transform: ValueRule.lines.argument)
    var tail: Int?

    @Option(
        help: ArgumentHelp("Only output since this time, or within this duration, such as 10m.", valueName: "time|duration"),
        transform: ArgumentText.pastTime)
    var since: Timestamp?

    @Option(
        help: ArgumentHelp(
            "The attempt; by default the last that has written anything. 0 is the program of a rule that chose for it.",
            valueName: "number"),
        transform: ValueRule.attempt.argument)
    var attempt: Int?

    @Flag(help: "Show what happened to the task instead, from the journal (runs journalctl).")
    var journal = false

    @OptionGroup var terminal: RawOption
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try checkAttempt(attempt, of: task)
        if journal, stdout || stderr {
            throw ValidationError("--journal shows what happened to the task, not its output; leave out --stdout and --stderr")
        }
    }

    func run() throws {
        let client = try Client(global)
        let id = try task.resolved(client.session)
        if case .recent = task, Terminal.isError { Output.remark("task \(id.task)") }
        if journal { return try runJournal(id) }
        var parameters = LogsParameters(id: id.task)
        parameters.attempt = attempt ?? id.number
        parameters.follow = follow ? true : nil
        parameters.tail = tail
        parameters.since = since
        if stdout != stderr { parameters.stream = stdout ? .stdout : .stderr }
        guard client.json else {
            let output = TaskOutput(raw: terminal.raw)
            let end = try LogStream(parameters, tells: true, write: output.write(_:of:)).run(client.session)
            try output.finish()
            if let remark = remark(on: end, of: id) { Output.remark(remark) }
            return
        }
        // Each piece as it comes, one object a line, then the end.
        let end = try LogStream(parameters, write: LogStream.printJSON).run(client.session)
        try Output.print(line: end)
    }

    /// What the output alone would leave open.
    private func remark(on end: LogsEnd, of id: TaskNumber.Attempt) -> String? {
        let shown = "\(id.task).\(end.attempt)"
        let isOver = end.state.isFinal
        if end.attempt == 0, (attempt ?? id.number) == nil {
            return isOver
                ? "task \(id.task) has never run" : "task \(id.task) has not run yet; orchctl show \(id.task) says why"
        }
        if let silent = end.silent {
            return "this is what attempt \(shown) wrote; \(id.task).\(silent) has written nothing" + (isOver ? "" : " yet")
        }
        if end.state == .queued {
            return "attempt \(shown) has ended, and the task waits for another; orchctl show \(id.task) says why"
        }
        let size = (stderr && !stdout ? 0 : end.stdout) + (stdout && !stderr ? 0 : end.stderr)
        return size == 0 && Terminal.isError ? "attempt \(shown) has written nothing" + (isOver ? "" : " yet") : nil
    }

    private func runJournal(_ id: TaskNumber.Attempt) throws {
        var entries = JournalEntries(task: id.task, ofUser: try SocketPath.choose(global.socket) != SocketPath.system)
        entries.attempt = attempt ?? id.number
        entries.follow = follow
        entries.tail = tail
        entries.since = since
        entries.json = global.json
        try Subprocess.become(entries.arguments())
    }
}
