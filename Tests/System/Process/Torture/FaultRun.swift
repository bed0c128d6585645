import Foundation
import GRDB
import Glibc
import OrchClient
import OrchProtocol
import Synchronization

/// A short run with one fault in it, and what has to be true of it.
final class FaultRun {
    struct Task {
        let key: String
        let script: String
        let lines: [String]
        let outcomes: [Outcome]
        var retries = 0

        var spec: TaskSpec {
            var spec = TaskSpec(command: ["/bin/sh", "-c", script])
            spec.key = key
            spec.retries = retries
            spec.retryDelay = 0
            return spec
        }
    }

    static let tasks = [
        Task(key: "a", script: "echo a >> $HOME/runs; exit 3", lines: ["a"], outcomes: [Outcome(.exited, code: 3)]),
        Task(
            key: "b", script: "echo b >> $HOME/runs; echo output; echo result > $ORCH_RESULT_FILE", lines: ["b"],
            outcomes: [Outcome(.exited, code: 0)]),
        Task(
            key: "c", script: "echo c$ORCH_ATTEMPT >> $HOME/runs; [ $ORCH_ATTEMPT = 2 ]", lines: ["c1", "c2"],
            outcomes: [Outcome(.exited, code: 1), Outcome(.exited, code: 0)], retries: 1),
    ]

    let directory: Directory
    private let fault: Fault?
    private let target: Fault.Target

    init(_ fault: Fault?, _ target: Fault.Target, _ directory: Directory) {
        self.fault = fault
        self.target = target
        self.directory = directory
    }

    var log: String { directory.text("log") ?? "" }

    func perform() throws {
        let daemon = try start()
        let ids = try insist { try daemon.submit(Array(Self.tasks.prefix(1)).map(\.spec)) }
        _ = try insist { try daemon.wait(ids) }
        let all = try insist { try daemon.submit(Self.tasks.map(\.spec)) }
        guard all.first == ids.first else { throw Failure("the same key gave \(ids), then \(all)") }
        _ = try insist { try daemon.wait(all) }
        try check(daemon, all)
        try daemon.finish()
        // Nothing is to happen to the next one.
        if !directory.has("fault") { try directory.write("", to: "fault") }
        try daemon.restart()
        try check(daemon, all)
        let next = try daemon.shell("exit 7")
        guard try daemon.end(of: next).attempts.map(\.outcome) == [Outcome(.exited, code: 7)] else {
            throw Failure("what came afterwards: \(try daemon.task(next))")
        }
        try daemon.finish()
        try checkDatabase()
    }

    /// A fault at the start may end the run: then the next start has to do.
    private func start() throws -> Daemon {
        let environment = try fault?.environment(directory) ?? Fault.tracing(target, directory)
        func daemon() throws -> Daemon { try Daemon(workers: 1, environment: environment, directory: directory) }
        do {
            return try daemon()
        } catch let refusal as Daemon.NotStarted {
            guard Fault.trace(directory) != nil else { throw refusal }
            guard refusal.message.contains("orchd") else { throw Failure("it did not say why: \(refusal)") }
            return try daemon()
        }
    }

    /// Asks again where the connection was lost or the storage took nothing, both of which are answers to expect.
    private func insist<R>(_ ask: () throws -> R) throws -> R {
        let deadline = milliseconds() + 30_000
        while true {
            do {
                return try ask()
            } catch ClientError.lost where milliseconds() < deadline {
                usleep(10_000)
            } catch let error as WireError
                where [.storageFailed, .storageFull].contains(error.kind) && milliseconds() < deadline
            {
                usleep(10_000)
            }
        }
    }

    // MARK: What has to be true

    private func check(_ daemon: Daemon, _ ids: [Int64]) throws {
        let lines = (directory.text("runs") ?? "").split(separator: "\n").map(String.init)
        guard Set(lines).count == lines.count else { throw Failure("something ran twice: \(lines)") }
        for (task, id) in zip(Self.tasks, ids) {
            let record = try insist { try daemon.task(id) }
            let expected = task.outcomes + Array(repeating: nil, count: 3)
            for attempt in record.attempts where attempt.outcome != expected[attempt.number - 1] {
                guard mayDiffer(attempt.outcome) else { throw Failure("\(record), and not \(task.outcomes)") }
            }
            let ran = lines.filter { $0.hasPrefix(task.key) }
            let isExact = record.attempts.map(\.outcome) == task.outcomes
            guard !isExact || ran == task.lines else { throw Failure("\(record), but its lines are \(ran)") }
            guard ran.count <= record.attemptCount else { throw Failure("\(record), but its lines are \(ran)") }
            if task.key == "b", isExact { try checkOutput(daemon, id) }
        }
    }

    /// An attempt that ran when the supervisor died is lost, unless its end had been recorded. One whose output cannot be
    /// opened is not started.
    private func mayDiffer(_ outcome: Outcome?) -> Bool {
        let place = Fault.trace(directory) ?? ""
        switch outcome?.kind {
        case .lost:
            guard target == .supervisor, let action = fault?.action, action.kills else { return false }
            return action != .after || place != "write \(state)/run/exits"
        case .spawnFailed: return fault?.action.kills == false && place.contains("/output/")
        default: return false
        }
    }

    private var state: String { directory.file("state") }

    private func checkOutput(_ daemon: Daemon, _ id: Int64) throws {
        // What failed when a file of the output was written is said to be missing, or is missing.
        if Fault.trace(directory)?.contains("/output/") == true, fault?.action.kills == false { return }
        let result = try insist { try daemon.call(.get, GetParameters(id: id, result: true)).result }
        guard result?.text == "result\n" else { throw Failure("the result of \(id) is \(result?.text ?? "missing")") }
        var output = try daemon.orchctl("logs", String(id))
        // What could not be read once can be read again.
        if output.status != 0, output.error.contains("cannot read") { output = try daemon.orchctl("logs", String(id)) }
        guard output.status == 0, output.output == "output\n" else { throw Failure("the output of \(id): \(output)") }
    }

    private func checkDatabase() throws {
        let database = try DatabaseQueue(path: state + "/queue.db")
        let answer = try database.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
        guard answer == ["ok"] else { throw Failure("the database: \(answer)") }
    }
}

/// The faults that are still to be tried, and what came of the others.
final class FaultTally: Sendable {
    private struct State {
        var faults: ArraySlice<Fault>
        var happened = 0
        var failures: [String] = []
    }
    private let state: Mutex<State>

    init(_ faults: [Fault]) { state = Mutex(State(faults: faults[...])) }

    func next() -> Fault? { state.withLock { $0.faults.popFirst() } }
    func done(_ trace: String?) { state.withLock { $0.happened += trace?.isEmpty == false ? 1 : 0 } }
    func failed(_ text: String) {
        // At once: hundreds of others may be to come.
        print(text)
        state.withLock { $0.failures.append(text) }
    }
    var failures: [String] { state.withLock { $0.failures } }
    var happened: Int { state.withLock { $0.happened } }
}
