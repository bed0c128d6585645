import ArgumentParser
import OrchProtocol
import Platform
import Presentation

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List tasks, the newest first.",
        discussion: """
            STATE is one word: the state of a task. For a queued task it is the reason why it waits, and a running task may be \
            paused or stopping. --state takes any of these words. queued and running include all their special words, and a \
            ready task only waits for a slot.

            TIME is the age of a queued task, and the run time of any other. CPU is the processor time of its latest attempt, \
            and MEMORY its peak memory. With --json each page is one object.

            Examples:
              orchctl list
              orchctl list --failed --limit 10
              orchctl list --name 'build-*' --state queued,running
              orchctl list --quiet --label batch=b1
              orchctl list --columns id,task,outcome,cpu,memory
              orchctl list --pool build --label team=core --all
            """)

    @OptionGroup var filter: FilterOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "What to show, with commas: \(TaskColumn.allCases.map(\.rawValue).joined(separator: ",")).", valueName: "columns"))
    var columns: [String] = []

    @Option(
        help: ArgumentHelp("At most this many; default 50.", valueName: "number"),
        transform: ValueRule.whole(1...Int64.max).argument)
    var limit: Int?

    @Option(
        help: ArgumentHelp("The next page: the next_cursor of the page before.", valueName: "number"),
        transform: { Int64(try ValueRule.sequence.argument($0)) })
    var cursor: Int64?

    @Option(help: ArgumentHelp("Only what this task has started.", valueName: "id"), transform: TaskNumber.read)
    var parent: Int64?

    @Flag(name: .shortAndLong, help: "All of them.")
    var all = false

    @Flag(name: .shortAndLong, help: "Print only the ids, all of them unless --limit is given.")
    var quiet = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard !quiet || columns.isEmpty && !global.json else {
            throw ValidationError("--quiet prints ids; leave out \(global.json ? "--json" : "--columns")")
        }
    }

    /// The most that the daemon puts on a page.
    private static let largestPage = 1000
    private static let usualLimit = 50

    func run() throws {
        let client = try Client(global)
        var parameters = try filter.parameters()
        let columns: [TaskColumn] = try ArgumentText.words(columns, option: "--columns") ?? TaskColumn.usual
        parameters.parent = parent
        parameters.cursor = cursor
        var left = limit ?? (all || quiet ? Int.max : Self.usualLimit)
        parameters.limit = min(left, Self.largestPage)
        var isFirst = true
        let names = UserNames()
        try client.showPages(of: .list, from: parameters) { page in
            parameters.cursor = page.nextCursor
            left -= page.tasks.count
            parameters.limit = min(left, Self.largestPage)
            defer { isFirst = false }
            let isLast = parameters.cursor == nil || left <= 0
            return (client.json ? "" : text(page, columns, names, isFirst: isFirst), isLast ? nil : parameters)
        }
        // Who has said how many expects no more of them.
        guard let next = parameters.cursor, limit == nil else { return }
        Output.remark("these are the newest \(Self.usualLimit), and there are more: --all, --limit, or --cursor \(next)")
    }

    private func text(_ page: TaskPage, _ columns: [TaskColumn], _ names: UserNames, isFirst: Bool) -> String {
        if quiet { return page.tasks.map { "\($0.id)\n" }.joined() }
        if page.tasks.isEmpty { return isFirst && Terminal.isOutput ? "no tasks\n" : "" }
        let table = TaskTable.make(page.tasks, columns: columns, now: LocalTime.now, userName: names.name)
        return table.text(style: Terminal.style, width: Terminal.width, hasHeadings: isFirst)
    }
}
