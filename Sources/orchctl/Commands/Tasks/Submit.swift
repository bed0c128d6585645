import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol

struct Submit: TakesCommand {
    static let configuration = CommandConfiguration(
        abstract: "Queue a task, or many.",
        discussion: """
            Without a terminal it prints only the ids, one on each line. A command runs in your current directory if orchd \
            runs as you, and otherwise in a fresh one; --cwd chooses another. If the connection breaks, orchctl repeats the \
            submission, and the task is still made only once. For a batch of more than \(Batch.keyedLimit) tasks without keys \
            it reports an error instead.

            Durations: 90, 90s, 5m, 1h30m, 2d, 250ms. Times: 14:05, "tomorrow 9:00", +10m, "in 2h", 2026-11-23, RFC 3339.

            --array, --each and --lines make many tasks at once, all or none. {} in the command, the prompt, the name, the \
            comment, the labels, the environment and the key is the number or the line of each.

            Examples:
              orchctl submit "Write a haiku about queues"
              orchctl submit --pool build --retries 2 --timeout 1h -- make -j2
              git diff | orchctl submit --name review --label team=core -
              jq -c '{prompt: .title}' issues.json | orchctl submit --batch -
              orchctl submit --array 1-100 --name 'part-{}' -- ./simulate --seed {}
              find . -name '*.c' | orchctl submit --each - -- gcc -c {}
              orchctl submit --pool build --label batch=7 --lines commands.txt
            """)

    @OptionGroup var task: TaskArguments

    @Option(help: ArgumentHelp("A file of tasks, one JSON object on each line; all are queued, or none.", valueName: "file"))
    var batch: ByteString?

    @OptionGroup var expansion: ExpansionOptions

    @Flag(name: .shortAndLong, help: "Print only the ids, also at a terminal.")
    var quiet = false

    @Flag(help: "Wait for the end; exit with 1 if any task does not succeed.")
    var wait = false

    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try task.take(rest) }

    func run() throws {
        let client = try Client(global)
        let answer = try batch.map { try submitBatch($0, client) } ?? (expansion.isEmpty ? submitOne : submitMany)(client)
        let submitted = try Method.submit.decode(answer).all
        for case let warning? in submitted.map(\.warning) { Output.remark(warning) }
        try Submit.tell(of: submitted) {
            if !client.json {
                try Output.print(Submit.report(submitted, onTerminal: Terminal.isOutput && !quiet))
            } else if !wait {
                try client.printJSON(answer)
            }
        }
        if wait {
            let status = try TaskWait(client: client).report(submitted.map(\.id), onlyFailures: !Terminal.isOutput)
            if status != .ok { throw ExitCode(status.rawValue) }
        }
    }

    private func submitOne(_ client: Client) throws -> [UInt8] {
        let spec = try task.spec()
        return try client.session.perform { connection in
            try connection.answer(to: connection.send(Call(.submit, .one(spec.withDefaultDirectory(connection)))))
        }
    }

    private func submitMany(_ client: Client) throws -> [UInt8] {
        var task = task
        if expansion.lines != nil {
            guard task.prompt == nil, task.command.isEmpty else {
                throw ValidationError("with --lines the lines are the commands; --each puts them into one")
            }
            task.command = ["/bin/sh", "-c", Expansion.mark]
        }
        if let path = expansion.each ?? expansion.lines, path == "-", task.prompt == "-" || task.stdin == "-" {
            throw ValidationError(
                "standard input cannot be both the lines and \(task.prompt == "-" ? "the prompt" : "--stdin")")
        }
        let template = try task.spec()
        guard expansion.each == nil || template.hasMark else {
            throw ValidationError("put {} where the line goes, as in: orchctl submit --each FILE -- gcc -c {}")
        }
        let expansion = try expansion.expansion()
        let placed = try client.session.perform { try template.withDefaultDirectory($0) }
        let tasks = try expansion.tasks(from: placed, isKeyGiven: task.key != nil || task.step != nil)
        return try expansion.submit(tasks, to: client.session)
    }

    private func submitBatch(_ path: ByteString, _ client: Client) throws -> [UInt8] {
        guard expansion.isEmpty else { throw ValidationError("give only one of --batch, --array, --each and --lines") }
        guard task.isEmpty else {
            throw ValidationError("with --batch the lines describe the tasks; other options of a task have no effect")
        }
        let batch = try BatchFile.read(path)
        return try BatchFile.submit(batch, from: path, to: client.session)
    }

    /// Where the ids cannot be told, the error has them: the tasks are there all the same.
    static func tell(of submitted: [Submitted], _ tell: () throws -> Void) throws {
        do {
            try tell()
        } catch var failure as Failure {
            guard let first = submitted.first, let last = submitted.last else { throw failure }
            let what = first.id == last.id ? "task \(first.id) was" : "tasks \(first.id) to \(last.id) were"
            failure.message += "; \(what) taken anyway"
            throw failure
        }
    }

    /// The text about the queued tasks.
    static func report(_ submitted: [Submitted], onTerminal: Bool) -> String {
        guard onTerminal else { return submitted.map { "\($0.id)\n" }.joined() }
        guard let first = submitted.first, let last = submitted.last else { return "" }
        if submitted.count > 1 { return "\(submitted.count) tasks queued, \(first.id) to \(last.id); see: orchctl list\n" }
        let what = first.created ? "queued" : "was there already, made with the same key"
        return "task \(first.id) \(what); follow it: orchctl logs -f \(first.id)\n"
    }
}
