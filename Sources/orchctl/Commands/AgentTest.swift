import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol
import Presentation

struct AgentTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run one tiny task through an agent.",
        discussion: """
            The task is an ordinary one, with the pool's user, environment and limits; it costs what a prompt of one line costs. \
            What it waits for is told on standard error. It is given up where a limit is in its way, when the time is over, and by \
            Ctrl-C. Exits with 1 if the agent does not answer.

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
    @Option(
        help: ArgumentHelp("How long it may take, waiting included.", valueName: "duration"),
        transform: ArgumentText.duration(.timeout))
    var timeout: Double = 300

    @OptionGroup var global: GlobalOptions

    private static let prompt = "Reply with the single word: ready"

    func run() throws {
        let client = try Client(global)
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
        let submitted = try client.session.call(.submit(.one(spec)), as: SubmissionResult.self)
        guard let id = submitted.all.first?.id else { throw Failure(.failed, "the daemon has not said which task it is") }
        try report(end(of: id, client.session), client)
    }

    /// Somebody has pressed Ctrl-C.
    private struct Interrupted: Error {}

    /// Waits for its end, for a limit, since that is an answer, too, or for the end of the time; then nothing of it is left to run.
    private func end(of id: Int64, _ session: Session) throws -> TaskRecord {
        let deadline = ContinuousClock.now + .seconds(timeout)
        if let descriptor = Interrupts.descriptor() {
            session.watch = Watch(descriptor: descriptor) { throw Interrupted() }
        }
        defer { session.watch = nil }
        var told: String?
        while true {
            do {
                let task = try session.call(.get(GetParameters(id: id, result: true)), as: TaskRecord.self)
                if task.state.isFinal { return task }
                if task.waiting == .limited || ContinuousClock.now >= deadline { return try giveUp(task) }
                let state = TaskText.state(task) + (task.reason.map { ": \(SafeText.line($0))" } ?? "")
                if state != told, Terminal.isError || task.state == .queued { Output.remark("task \(id) is \(state)") }
                told = state
                // Nothing tells of what a task waits for, so it is asked for again.
                let pause = min(deadline, .now + .milliseconds(500))
                _ = try session.call(.wait(WaitParameters(ids: [id])), as: WaitResult.self, deadline: pause)
            } catch ClientError.timedOut {
                // Its connection is still to bring the answer, and is left to that.
                session.disconnect()
            } catch is Interrupted {
                session.watch = nil
                session.disconnect()
                let task = try session.call(.get(GetParameters(id: id)), as: TaskRecord.self)
                if !task.state.isFinal { _ = try giveUp(task) }
                throw ExitCode(128 + SIGINT)
            }
        }
    }

    /// - Returns: the task as it was.
    private func giveUp(_ task: TaskRecord) throws -> TaskRecord {
        let why = task.waiting == .limited ? "" : " after \(DurationText.text(timeout))"
        do {
            _ = try Connection(path: SocketPath.choose(global.socket)).call(
                .cancel(CancelParameters(ids: [task.id])), as: TasksChanged.self)
            Output.remark("task \(task.id) is given up\(why)")
        } catch let error as WireError where error.kind == .invalidState {
            // It has ended in the meantime.
        }
        return task
    }

    private func report(_ task: TaskRecord, _ client: Client) throws {
        if client.json {
            try client.printJSON(task)
        } else {
            try Output.print(TaskDetailText(task, now: LocalTime.now, style: Terminal.style).text)
        }
        guard task.state == .succeeded else { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
