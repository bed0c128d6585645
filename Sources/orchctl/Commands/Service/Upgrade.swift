import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol
import Presentation

struct Upgrade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Switch both programs to the installed version; running tasks continue.",
        discussion: """
            Use it after an update of the package: orchd-supervisor executes its new program in place, and the engine \
            restarts. Clients wait meanwhile. It prints the versions before and after, and says whether a task was lost. It \
            needs root for the system's daemon.

            Examples:
              sudo orchctl upgrade
              orchctl upgrade --json | jq .pause
            """)

    @Option(
        help: ArgumentHelp("The maximum time for the new programs to take over; default 60s.", valueName: "duration"),
        transform: ArgumentText.duration(.delay))
    var timeout: Double?

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let client = try Client(global)
        guard let peer = try client.session.connect().peer else {
            throw Failure(.failed, "cannot find out who runs the daemon")
        }
        let host = try Host(peer: peer)
        try host.checkRights(peer: peer.user)
        let before = try client.session.call(.status)
        let running = try runningTasks(client)

        var meter = DowntimeProbe(path: client.session.path)
        let deadline = ContinuousClock.now + .seconds(timeout ?? 60)
        let problem = try replace(host, &meter, deadline)
        let after = try settle(client, before, &meter, problem == nil ? deadline : .now)
        let report = UpgradeReport(
            from: before, to: after, running: running.count, lost: try running.filter { try isLost($0, client) }.map(\.task),
            pause: meter.seconds, problem: problem)
        if global.json { try client.printJSON(report) } else { try Output.print(report.text(style: Terminal.style)) }
        guard report.problems.isEmpty else {
            throw Failure(.failed, report.problems.joined(separator: "; "), hint: host.whereToLook)
        }
    }

    /// Has the host do it, and asks the daemon for signs of life meanwhile.
    ///
    /// - Returns: what went wrong.
    private func replace(_ host: Host, _ meter: inout DowntimeProbe, _ deadline: ContinuousClock.Instant) throws -> String? {
        if case .foreground(let pid) = host {
            guard kill(pid, SIGUSR2) == 0 else {
                throw Failure(.failed, "cannot signal orchd run, process \(pid): \(String(cString: strerror(errno)))")
            }
        }
        for command in host.commands {
            let process = try Subprocess(command)
            while !process.hasEnded(within: 2) { _ = meter.ask(until: deadline) }
            let (status, output) = process.result()
            guard status == 0 else {
                return "\(command.joined(separator: " ")) failed: \(SafeText.line(output))"
            }
        }
        return nil
    }

    /// Waits until both programs are new ones, or until the deadline, and returns how things are then.
    private func settle(
        _ client: Client, _ before: DaemonStatus, _ meter: inout DowntimeProbe, _ deadline: ContinuousClock.Instant
    ) throws -> DaemonStatus {
        while true {
            let isAnswered = meter.ask(until: deadline)
            let status = try isAnswered ? client.session.call(.status) : before
            let report = UpgradeReport(from: before, to: status, running: 0, lost: [], pause: 0, problem: nil)
            if report.problems.isEmpty || ContinuousClock.now >= deadline { return status }
            usleep(20_000)
        }
    }

    // MARK: Tasks

    private struct RunningTask {
        var task: Int64
        var attempt: Int
    }

    private func runningTasks(_ client: Client) throws -> [RunningTask] {
        let workers = try client.session.call(.workerList, WorkerListParameters()).workers
        return workers.compactMap { worker in
            guard let task = worker.task, let attempt = worker.attempt else { return nil }
            return RunningTask(task: task, attempt: attempt)
        }
    }

    private func isLost(_ running: RunningTask, _ client: Client) throws -> Bool {
        do {
            let record = try client.session.call(.get, GetParameters(id: running.task))
            return record.attempts.first { $0.number == running.attempt }?.outcome?.kind == .lost
        } catch let error as WireError where error.kind == .notFound {
            return false
        }
    }
}
