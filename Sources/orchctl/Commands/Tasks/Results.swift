import ArgumentParser
import OrchClient
import OrchProtocol
import Platform
import Presentation

struct Results: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List finished tasks with the beginnings of their results.",
        discussion: """
            The default is a table, newest tasks first. With --json each line is one object with the whole result.

            --format legacy prints all tasks, the oldest first: task-id|worker-id|STATUS|timestamp|result-preview. An imported \
            task has its old task id. STATUS is SUCCESS, FAILED, CANCELLED or EXPIRED. The preview is the first \
            \(LegacyResult.previewLength) characters, then …; for a task without a result it is the reason of the failure. In a \
            field \\| is a |, \\n a line feed, \\r a carriage return, \\\\ a backslash, \\u{1B} the character of that number.

            Examples:
              orchctl results
              orchctl results --format legacy | grep '|FAILED|'
              orchctl results --pool research --json | jq -r .result.text
            """)

    /// How many tasks are asked for together.
    private static let atOnce = 16
    private static let usualLimit = 50

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, legacy }

    @Option(help: "table or legacy.")
    var format: Format = .table

    @Option(name: .shortAndLong, help: "Only this pool.")
    var pool: String?

    @Option(
        help: ArgumentHelp("At most this many, newest first; default 50, or all with --format legacy.", valueName: "number"),
        transform: ValueRule.whole(1...Int64.max).argument)
    var limit: Int?

    @Flag(name: .shortAndLong, help: "All of them.")
    var all = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard limit == nil || !all else { throw ValidationError("--limit or --all, not both") }
        guard format == .table || !global.json else { throw ValidationError("--format legacy or --json, not both") }
    }

    func run() throws {
        let client = try Client(global)
        let isWhole = all || format == .legacy
        var ids = try finished(limit ?? (isWhole ? .max : Self.usualLimit + 1), client)
        if limit == nil, !isWhole, ids.count > Self.usualLimit {
            ids.removeLast()
            Output.remark("these are the newest \(Self.usualLimit), and there are more: --all or --limit")
        }
        if client.json {
            try answers(ids, client) { try client.printJSON($0) }
        } else if format == .legacy {
            // The old file was written as tasks ended: the newest are at its end.
            try answers(ids.reversed(), client) { try Output.print(LegacyResult.line(task($0, client))) }
        } else {
            var tasks: [TaskRecord] = []
            try answers(ids, client) { try tasks.append(task($0, client)) }
            guard !tasks.isEmpty else { return try Output.print(Terminal.isOutput ? "no finished tasks\n" : "") }
            let table = ResultTable.make(tasks, now: LocalTime.now)
            try Output.print(table.text(style: Terminal.style, width: Terminal.width, hasHeadings: true))
        }
    }

    /// The newest finished tasks, the newest first.
    private func finished(_ limit: Int, _ client: Client) throws -> [Int64] {
        var parameters = ListParameters()
        parameters.states = TaskState.allCases.filter(\.isFinal).map(StateFilter.init)
        parameters.pool = pool
        var ids: [Int64] = []
        repeat {
            parameters.limit = min(limit - ids.count, 1000)
            let page = try client.session.call(.list, parameters)
            ids += page.tasks.map(\.id)
            parameters.cursor = page.nextCursor
        } while parameters.cursor != nil && ids.count < limit
        return ids
    }

    private func task(_ answer: [UInt8], _ client: Client) throws -> TaskRecord {
        var task = try Method.get.decode(answer)
        // Of many results of a megabyte each only what is shown is kept.
        if let result = task.result { task.result?.text = LegacyResult.head(of: result.text) }
        return task
    }

    /// Gives each task with its result, as JSON, to `use`, in order and without those that have been forgotten since.
    ///
    /// They are asked for a few at a time: one after the other, each would wait for the daemon; all at once, their results
    /// would fill the memory.
    private func answers(_ ids: [Int64], _ client: Client, use: ([UInt8]) throws -> Void) throws {
        for start in stride(from: 0, to: ids.count, by: Self.atOnce) {
            let calls = ids[start..<min(start + Self.atOnce, ids.count)].map { Call(.get, GetParameters(id: $0, result: true)) }
            let found = try client.session.perform { connection in
                try connection.answers(to: calls).compactMap { answer -> [UInt8]? in
                    if case .failure(let error) = answer, error.kind == .notFound { return nil }
                    return try answer.get()
                }
            }
            for answer in found { try use(answer) }
        }
    }
}
