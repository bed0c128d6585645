import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Synchronization
import TestSupport
import Testing

/// Promises 1 to 3, with the engine killed at random moments, its start included, while clients submit, wait, ask and watch.
@Suite(.onThreads) struct RandomKillTests {
    static let kills = Torture.amount(12, full: 200)
    static let count = Torture.amount(240, full: 5000)

    @Test func theEngineIsKilledAtRandomMoments() throws {
        let seed = Torture.seed()
        let daemon = try Daemon(workers: 6)
        var random = SeededGenerator(seed)
        let tasks = (0..<Self.count).map { MixedTask($0, runs: daemon.directory.file("runs"), &random) }
        let run = KillRun(socket: daemon.socket, launcher: daemon.launcher.pid, tasks: tasks, kills: Self.kills)
        do {
            try run.perform(seed)
            try run.checkRecords()
            let lines = (daemon.directory.text("runs") ?? "").split(separator: "\n").map(String.init).sorted()
            let wanted = tasks.flatMap(\.lines).sorted()
            #expect(lines == wanted, "seed \(seed): \(lines.count) lines, not \(wanted.count); \(difference(lines, wanted))")
            let counts = try daemon.status().counts
            #expect(counts.succeeded + counts.failed == tasks.count && counts.running + counts.queued == 0, "seed \(seed)")
        } catch {
            Issue.record("seed \(seed): \(error)\n\(daemon.log.suffix(2000))")
        }
        print("seed \(seed): \(Self.kills) kills, \(run.summary)")
        try daemon.finish()
    }

    private func difference(_ lines: [String], _ wanted: [String]) -> String {
        let counts = Dictionary(lines.map { ($0, 1) }, uniquingKeysWith: +)
        let missing = wanted.filter { counts[$0] == nil }.prefix(5)
        let repeated = counts.filter { $0.value > 1 }.keys.sorted().prefix(5)
        return "missing \(Array(missing)), repeated \(Array(repeated))"
    }
}

/// What goes on at once in such a test.
private final class KillRun: Sendable {
    private struct State {
        var ids: [Int64?]
        var killed = 0
        var ended = 0
        var answers = 0
        var lastEvent: Int64 = 0
        var isOver = false
    }

    private let socket: String
    private let launcher: pid_t
    private let tasks: [MixedTask]
    private let kills: Int
    private let state: Mutex<State>

    init(socket: String, launcher: pid_t, tasks: [MixedTask], kills: Int) {
        self.socket = socket
        self.launcher = launcher
        self.tasks = tasks
        self.kills = kills
        state = Mutex(State(ids: Array(repeating: nil, count: tasks.count)))
    }

    var summary: String {
        state.withLock { "\($0.ended) of \(tasks.count) tasks, \($0.answers) answers, \($0.lastEvent) events" }
    }

    func perform(_ seed: UInt64) throws {
        let lines = 4
        let clients = (0..<lines).map { line -> @Sendable () throws -> Void in
            let random = SeededGenerator(seed &+ 100 &+ UInt64(line))
            return { @Sendable in try self.ending { try self.submitAndWait(line, of: lines, random) } }
        }
        let others: [@Sendable () throws -> Void] = [
            { try self.ending { try self.kill(SeededGenerator(seed &+ 1)) } },
            { try self.ending { try self.ask(SeededGenerator(seed &+ 2)) } },
            { try self.ending { try self.watch() } },
        ]
        try concurrently(clients + others)
    }

    /// What fails ends all the others.
    private func ending(_ body: () throws -> Void) throws {
        do { try body() } catch {
            state.withLock { $0.isOver = true }
            throw error
        }
    }

    private var isOver: Bool { state.withLock { $0.isOver || ($0.ended == tasks.count && $0.killed >= kills) } }

    private func session() -> Session {
        let session = Session(path: socket)
        session.patience = .seconds(60)
        return session
    }

    // MARK: Who kills

    private func kill(_ generator: SeededGenerator) throws {
        var random = generator
        var last: pid_t = 0
        while !isOver {
            let pid = try eventually("another engine") {
                children(of: launcher).first {
                    $0 != last && contents("/proc/\($0)/cmdline")?.contains("\0serve\0") == true && isAlive($0)
                }
            }
            // One in eight dies before it is ready.
            if random.chance(12) {
                usleep(useconds_t(random.number(0...60_000)))
            } else {
                _ = try session().call(.version)
                usleep(useconds_t(random.number(0...250_000)))
            }
            Glibc.kill(pid, SIGKILL)
            last = pid
            state.withLock { $0.killed += 1 }
        }
    }

    // MARK: Clients

    /// Submits every so many-th task, a few at a time and as the kills go on, and waits for the ends.
    private func submitAndWait(_ first: Int, of lines: Int, _ generator: SeededGenerator) throws {
        var random = generator
        let session = session()
        var rest = Array(stride(from: first, to: tasks.count, by: lines))[...]
        while !rest.isEmpty {
            let numbers = Array(rest.prefix(random.number(1...30)))
            rest = rest.dropFirst(numbers.count)
            let turn = numbers[0] * kills / tasks.count
            try eventually("the kill \(turn)") { state.withLock { $0.isOver || $0.killed >= turn } }
            if state.withLock({ $0.isOver }) { return }
            let specs = numbers.map { tasks[$0].spec }
            let submitted = try session.call(.submit, .many(specs)).all
            guard submitted.count == specs.count else { throw Failure("\(submitted.count) of \(specs.count) ids") }
            state.withLock { state in for (number, it) in zip(numbers, submitted) { state.ids[number] = it.id } }
            // The same again gives the same.
            if random.chance(20) {
                let again = try session.call(.submit, .many(specs)).all
                guard again.map(\.id) == submitted.map(\.id), again.allSatisfy({ !$0.created }) else {
                    throw Failure("submitted again: \(again), and before: \(submitted)")
                }
            }
            let ends = try session.call(
                .wait, WaitParameters(ids: submitted.map(\.id)), deadline: .now + .seconds(300))
            guard ends.tasks.map(\.id) == submitted.map(\.id), ends.tasks.allSatisfy(\.state.isFinal) else {
                throw Failure("a wait for \(submitted.map(\.id)) ended with \(ends.tasks)")
            }
            for (number, record) in zip(numbers, ends.tasks) {
                if let fault = tasks[number].fault(in: record) { throw Failure("wait: \(fault)") }
            }
            state.withLock {
                $0.ended += numbers.count
                $0.answers += 2
            }
        }
    }

    /// Asks for tasks at random: what it is told may be true, and an end stays as it is.
    private func ask(_ generator: SeededGenerator) throws {
        var random = generator
        let session = session()
        var seen: [Int: TaskRecord] = [:]
        while !isOver {
            let number = random.number(0...tasks.count - 1)
            guard let id = state.withLock({ $0.ids[number] }) else {
                usleep(1000)
                continue
            }
            let record = try session.call(.get, GetParameters(id: id))
            if let fault = tasks[number].fault(in: record) { throw Failure("get: \(fault)") }
            if let before = seen[number] {
                guard !before.state.isFinal || before == record else {
                    throw Failure("get: \(record), and before that \(before)")
                }
            }
            seen[number] = record
            state.withLock { $0.answers += 1 }
            usleep(2000)
        }
    }

    /// Follows the events: none is missing and none comes twice, and each task is queued once and finished once.
    private func watch() throws {
        let session = session()
        var last: Int64 = 0
        var queued: Set<Int64> = []
        var finished: Set<Int64> = []
        while !(isOver && finished.count == tasks.count) {
            if state.withLock({ $0.isOver }) { return }
            // Up to what there is, and then again: a stream that is followed would not notice the end of the test.
            try session.perform { connection in
                let parameters = SubscribeParameters(after: last, follow: false)
                _ = try connection.call(.subscribe, parameters, deadline: .now + .seconds(60)) { notification in
                    guard case .event(_, let event) = notification else { return }
                    guard event.seq == last + 1 else { throw Failure("event \(event.seq) came after \(last)") }
                    last = event.seq
                    guard let task = event.task else { return }
                    let isFirst =
                        switch event.kind {
                        case .taskQueued: queued.insert(task).inserted
                        case .taskFinished: finished.insert(task).inserted
                        default: true
                        }
                    if !isFirst { throw Failure("a second time: \(event)") }
                }
            }
            state.withLock { $0.lastEvent = last }
            usleep(20_000)
        }
    }

    // MARK: Afterwards

    /// Asks for every task once more.
    func checkRecords() throws {
        let session = session()
        for (task, id) in zip(tasks, state.withLock { $0.ids }) {
            guard let id else { throw Failure("\(task.key) has no id") }
            let record = try session.call(.get, GetParameters(id: id))
            guard record.state == task.finalState, record.attempts.map(\.outcome) == task.outcomes.map({ $0 }) else {
                throw Failure("\(record), and not \(task.outcomes)")
            }
        }
    }
}
