import ArgumentParser
import OrchClient
import OrchProtocol
import Presentation

struct Results: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results",
        abstract: "List finished tasks with the beginnings of their results.",
        discussion: """
            As a table, the newest tasks first; with --json one object a line, with the whole result.

            With --format legacy all of them, the oldest first: task-id|worker-id|STATUS|timestamp|result-preview. The task id of \
            an imported task is its old one. STATUS is SUCCESS, FAILED, CANCELLED or EXPIRED. The preview is the first \
            \(LegacyResult.previewLength) characters, then …; of a task that left none, why it failed. In a field \\| is a |, \\n \
            a line feed, \\r a carriage return, \\\\ a backslash, \\u{1B} the character of that number.

            Examples:
              orchctl results
              orchctl results --format legacy | grep '|FAILED|'
              orchctl results --pool research --json | jq -r .result.text
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, legacy }

    @Option(help: "table or legacy.")
    var format: Format = .table

    @Option(name: .shortAndLong, help: "Only this pool.")
    var pool: String?

    @Option(help: ArgumentHelp("The newest so many; 50 if not given, all with --format legacy.", valueName: "number"))
    var limit: Int?

    @Flag(name: .shortAndLong, help: "All of them.")
    var all = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard limit ?? 1 > 0 else { throw ValidationError("--limit is at least 1") }
        guard limit == nil || !all else { throw ValidationError("--limit or --all, not both") }
        guard format == .table || !global.json else { throw ValidationError("--format legacy or --json, not both") }
    }

    func run() throws {
        let client = Client(global)
        let ids = try finished(limit ?? (all || format == .legacy ? .max : 50), client)
        if client.json {
            for id in ids { try answer(id, client).map(client.printJSON) }
        } else if format == .legacy {
            // The old file was written as tasks ended: the newest are at its end.
            for id in ids.reversed() { try task(id, client).map { try Output.print(LegacyResult.line($0)) } }
        } else {
            let tasks = try ids.compactMap { try task($0, client) }
            guard !tasks.isEmpty else { return try Output.print(Terminal.isOutput ? "no finished tasks\n" : "") }
            let table = ResultTable.make(tasks, now: LocalTime.now)
            try Output.print(table.text(style: Terminal.style, width: Terminal.width, hasHeadings: true))
        }
    }

    /// The newest finished tasks, the newest first.
    private func finished(_ limit: Int, _ client: Client) throws -> [Int64] {
        var parameters = ListParameters()
        parameters.states = TaskState.allCases.filter(\.isFinal)
        parameters.pool = pool
        var ids: [Int64] = []
        repeat {
            parameters.limit = min(limit - ids.count, 1000)
            let page = try client.session.call(.list(parameters), as: TaskPage.self)
            ids += page.tasks.map(\.id)
            parameters.cursor = page.nextCursor
        } while parameters.cursor != nil && ids.count < limit
        return ids
    }

    private func task(_ id: Int64, _ client: Client) throws -> TaskRecord? {
        guard let bytes = try answer(id, client) else { return nil }
        var task = try client.decode(TaskRecord.self, bytes, of: .get)
        // Of many results of a megabyte each only what is shown is kept.
        if let result = task.result { task.result?.text = LegacyResult.head(of: result.text) }
        return task
    }

    /// The task with its result, as JSON; nil for one that has been forgotten since.
    private func answer(_ id: Int64, _ client: Client) throws -> [UInt8]? {
        do {
            let call = Call.get(GetParameters(id: id, result: true))
            return try client.session.perform { try $0.answer(to: $0.send(call)) }
        } catch let error as WireError where error.kind == .notFound {
            return nil
        }
    }
}
