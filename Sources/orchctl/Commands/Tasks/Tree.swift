import ArgumentParser
import OrchClient
import OrchProtocol
import Platform
import Presentation

struct Tree: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a task with the tasks that it has started, and what they cost.",
        discussion: """
            TIME is the age of a queued task, and the run time of any other. COST is what all attempts of a task have cost, as \
            far as their agents report it. With --json it is an array of tasks; parent says where each belongs.

            Examples:
              orchctl tree 42
              orchctl tree 42 --json | jq '[.[].usage.cost_micros // 0] | add'
            """)

    @Argument(help: "The id of the task at the top, or @last.", transform: TaskWord.one)
    var id: TaskWord

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let client = try Client(global)
        let id = try id.resolved(client.session)
        let top = try client.session.call(.get, GetParameters(id: id))
        var parameters = ListParameters()
        (parameters.below, parameters.order, parameters.limit) = (id, .oldest, 1000)
        var tasks: [TaskRecord] = []
        repeat {
            let page = try client.session.call(.list, parameters)
            tasks += page.tasks
            parameters.cursor = page.nextCursor
        } while parameters.cursor != nil
        if client.json { return try client.printJSON(([top] + tasks).map(\.withoutGeneratedKey)) }
        let table = TreeText.make(top, below: tasks, now: LocalTime.now)
        try Output.print(table.text(style: Terminal.style, width: Terminal.width))
    }
}
