import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol
import Platform
import Presentation

struct AgentTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run one tiny task through an agent.",
        discussion: """
            This runs an ordinary task, with the pool's user, environment and limits. It costs as much as a prompt of one \
            line. Standard error says what it waits for. It gives up if a limit stops it, when the time is over, and on \
            Ctrl-C. It exits with 1 if the agent does not answer.

            Examples:
              orchctl agent test claude
              orchctl agent test llm --pool research --model gpt-4o
            """)

    @Argument(help: "The name of the agent.")
    var name: String
    @Option(name: .shortAndLong, help: "A pool of the agent; by default its first.")
    var pool: String?
    @Option(help: "The model to ask.")
    var model: String?
    @Option(
        help: ArgumentHelp("The maximum time, including the wait for a slot.", valueName: "duration"),
        transform: ArgumentText.duration(.timeout))
    var timeout: Double = 300

    @OptionGroup var global: GlobalOptions

    private static let prompt = "Reply with the single word: ready"

    func run() throws {
        let client = try Client(global)
        let agents = try client.session.call(.agentList).agents
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
        (spec.retries, spec.priority, spec.key) = (0, 1_000_000, GeneratedKey.make("orchctl-"))
        let before = try client.session.call(.status).lastEvent
        let submitted = try client.session.call(.submit, .one(spec))
        guard let id = submitted.all.first?.id else { throw Failure(.failed, "the daemon has not named the task") }
        try report(end(of: id, after: before, client.session), client)
    }

    /// Somebody has pressed Ctrl-C.
    private struct Interrupted: Error {}

    /// There is nothing more to wait for.
    private struct Settled: Error { var task: TaskRecord }

    /// Waits for its end, for a limit, since that is an answer, too, or for the end of the time; then nothing of it is left to run.
    ///
    /// - Parameter seq: of an event before its submission.
    private func end(of id: Int64, after seq: Int64, _ session: Session) throws -> TaskRecord {
        // Looks are taken on a connection of their own, while the other one brings the events.
        let looks = Session(path: session.path)
        session.watches = Interrupts.watches { _ in throw Interrupted() }
        defer { session.watches = [] }
        func look() throws -> TaskRecord {
            try looks.call(.get, GetParameters(id: id, result: true))
        }
        var told: String?
        var last = seq
        do {
            let deadline = ContinuousClock.now + .seconds(timeout)
            _ = try session.perform { connection in
                try connection.call(
                    .subscribe, SubscribeParameters(after: last, follow: true), deadline: deadline
                ) {
                    guard case .event(_, let event) = $0 else { return }
                    last = event.seq
                    // What happens to other tasks says nothing of this one.
                    guard event.task == nil || event.task == id else { return }
                    let task = try look()
                    if task.state.isFinal || task.waiting == .limited { throw Settled(task: task) }
                    let standing = TaskText.standing(task)
                    if standing != told, Terminal.isError || task.state == .queued { Output.remark(standing) }
                    told = standing
                }
            }
            return try look()
        } catch let settled as Settled {
            return settled.task.state.isFinal ? settled.task : try giveUp(settled.task)
        } catch ClientError.timedOut {
            let task = try look()
            return task.state.isFinal ? task : try giveUp(task)
        } catch is Interrupted {
            let task = try look()
            if !task.state.isFinal { _ = try giveUp(task) }
            throw ExitCode(128 + SIGINT)
        }
    }

    /// - Returns: the task as it was.
    private func giveUp(_ task: TaskRecord) throws -> TaskRecord {
        let why = task.waiting == .limited ? "" : " after \(DurationText.text(timeout))"
        do {
            _ = try Connection(path: SocketPath.choose(global.socket)).call(
                .cancel, CancelParameters(ids: [task.id]))
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
            try Output.print(task.detailText)
        }
        guard task.state == .succeeded else { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
