import ArgumentParser
import OrchClient
import OrchProtocol
import Presentation

struct AgentTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run one tiny task through an agent.",
        discussion: """
            The task is an ordinary one, with the pool's user, environment and limits; it costs what a prompt of one line costs. \
            Exits with 1 if the agent does not answer.

            Examples:
              orchctl agent test claude
              orchctl agent test llm --pool research --model gpt-4o
            """)

    @Argument(help: "The name of the agent.")
    var name: String
    @Option(name: .shortAndLong, help: "A pool of the agent; else its first.")
    var pool: String?
    @Option(help: "The model to ask.")
    var model: String?
    @Option(help: ArgumentHelp("How long it may take.", valueName: "duration"), transform: ArgumentText.duration)
    var timeout: Double = 300

    @OptionGroup var global: GlobalOptions

    private static let prompt = "Reply with the single word: ready"

    func run() throws {
        let client = Client(global)
        let agents = try client.session.call(.agentList, as: OrchProtocol.AgentList.self).agents
        guard let agent = agents.first(where: { $0.name == name }) else {
            let hint = nearest(name, in: agents.map(\.name)).map { "did you mean \"\($0)\"?" }
            throw Failure(.notFound, "there is no agent \"\(SafeText.line(name))\"", hint: hint ?? "try: orchctl agent list")
        }
        guard let pool = pool ?? agent.pools.first, agent.pools.contains(pool) else {
            throw Failure(
                .failed,
                pool.map { "the pool \"\(SafeText.line($0))\" has another agent" } ?? "no pool has the agent \"\(name)\"",
                hint: "set agent = \"\(name)\" in a file of pools.d, and reload")
        }
        var spec = TaskSpec(prompt: Self.prompt)
        (spec.pool, spec.name, spec.model, spec.timeout) = (pool, "test of \(name)", model, timeout)
        (spec.retries, spec.priority, spec.key) = (0, 1_000_000, GeneratedKey.make())
        // Before it is submitted, so that no event of it is missed.
        let before = try client.session.call(.status, as: DaemonStatus.self).lastEvent
        let submitted = try client.session.call(.submit(.one(spec)), as: SubmissionResult.self)
        guard let id = submitted.all.first?.id else { throw Failure(.failed, "the daemon has not said which task it is") }
        try wait(for: id, after: before, client)
        try report(id)
    }

    /// There is nothing more to wait for.
    private struct Known: Error {}

    /// Waits for its end, or for a limit: then it waits for hours, which is an answer, too.
    private func wait(for id: Int64, after event: Int64, _ client: Client) throws {
        do {
            let stream = Call.subscribe(SubscribeParameters(after: event))
            _ = try client.session.call(stream, as: SubscribeEnd.self) { notification in
                guard case .event(_, let event) = notification, event.task == id else { return }
                if event.kind == .taskFinished || event.outcome?.kind == .limited { throw Known() }
            }
        } catch is Known {}
    }

    private func report(_ id: Int64) throws {
        // On a connection of its own: the other one is in the middle of a stream.
        let client = Client(global)
        let task = try client.session.call(.get(GetParameters(id: id, result: true)), as: TaskRecord.self)
        if client.json {
            try client.printJSON(task)
        } else {
            try Output.print(TaskDetailText(task, now: LocalTime.now, style: Terminal.style).text)
        }
        if !task.state.isFinal { Output.remark("it waits; orchctl stop \(id) gives it up") }
        guard task.state == .succeeded else { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
