import CLinux
import Glibc
import OrchClient
import OrchProtocol
import Presentation

/// Waits for tasks to end, `wait` and `submit --wait`.
struct TaskWait {
    let client: Client
    var deadline: ContinuousClock.Instant?

    /// As many as go into one request.
    private static let atOnce = 1000
    private static let lookedAtOnce = 100

    /// Waits for all of them, reports each as it ends, and returns them in the order given.
    ///
    /// - Throws: a ``Failure`` that names those that have not ended, once there is no more time.
    func all(_ ids: [Int64], onEnd: (TaskRecord) throws -> Void = { _ in }) throws -> [TaskRecord] {
        var told: Set<Int64> = []
        var ended: [TaskRecord] = []
        // Of many tasks one that waits does not tell why the others do.
        let waiting = ids.count == 1 ? Waiting(for: ids[0], client.session) : nil
        client.session.watches = [waiting?.watch].compactMap(\.self)
        defer { client.session.watches = [] }
        for start in stride(from: 0, to: ids.count, by: Self.atOnce) {
            let part = Array(ids[start..<min(start + Self.atOnce, ids.count)])
            let tasks: [TaskRecord]
            do {
                tasks = try client.session.call(
                    .wait, WaitParameters(ids: part), deadline: deadline
                ) { notification in
                    // After a reconnection the daemon tells again of those that have ended.
                    guard case .finished(_, let task) = notification, told.insert(task.id).inserted else { return }
                    try onEnd(task)
                }.tasks
            } catch ClientError.timedOut {
                tasks = try whenLate(Array(ids[start...]), onEnd: { if told.insert($0.id).inserted { try onEnd($0) } })
                return ended + tasks
            }
            for task in tasks where told.insert(task.id).inserted { try onEnd(task) }
            ended += tasks
        }
        return ended
    }

    /// Looks how the tasks are when there is no more time: to wait is to look first, also where the time is shorter than a look takes.
    private func whenLate(_ ids: [Int64], onEnd: (TaskRecord) throws -> Void) throws -> [TaskRecord] {
        // The connection still owes the answer to the wait.
        client.session.disconnect()
        var ended: [TaskRecord] = []
        var late: [TaskRecord] = []
        for start in stride(from: 0, to: ids.count, by: Self.lookedAtOnce) {
            let calls = ids[start..<min(start + Self.lookedAtOnce, ids.count)].map { Call(.get, GetParameters(id: $0)) }
            for answer in try client.session.perform({ try $0.answers(to: calls) }) {
                let task = try Method.get.decode(answer.get())
                if !task.state.isFinal { late.append(task) } else { ended.append(task) }
            }
        }
        for task in ended { try onEnd(task) }
        guard let first = late.first else { return ended }
        let standing = TaskText.standing(first)
        guard late.count > 1 else {
            throw Failure(.timedOut, "\(standing), and continues", hint: "try: orchctl show \(first.id)")
        }
        throw Failure(
            .timedOut, "\(late.count) of \(ids.count) tasks have not ended in time, and continue; \(standing)",
            hint: "try: orchctl list --state queued,running")
    }

    /// Waits, prints what came of each, and answers whether all succeeded.
    ///
    /// - Parameter onlyFailures: whether what is printed belongs to the ids on standard output, where a script wants nothing
    ///   else: then only what did not succeed is told, on standard error.
    func report(_ ids: [Int64], onlyFailures: Bool = false) throws -> ExitStatus {
        let style = Terminal.style
        let tasks = try all(ids) { task in
            if client.json { return }
            if !onlyFailures {
                try Output.print(style(TaskText.role(task), TaskText.ending(task)) + "\n")
            } else if task.state != .succeeded {
                Output.remark(TaskText.ending(task))
            }
        }
        if client.json { try client.printJSON(WaitResult(tasks: tasks)) }
        return tasks.allSatisfy { $0.state == .succeeded } ? .ok : .failed
    }
}

/// Tells somebody at a terminal what a task waits for that has not begun within a second, and again when that is something else. Elsewhere
/// it tells nothing.
final class Waiting {
    private let task: Int64
    private let path: String
    private let timer: Int32
    private var told: String?

    /// Seconds until the first look, and between two.
    private static let (first, later) = (1, 3)

    init?(for task: Int64, _ session: Session) {
        guard Terminal.isError else { return nil }
        timer = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK))
        guard timer >= 0 else { return nil }
        self.task = task
        path = session.path
        var time = itimerspec()
        time.it_value.tv_sec = Self.first
        time.it_interval.tv_sec = Self.later
        timerfd_settime(timer, 0, &time, nil)
    }

    deinit { close(timer) }

    /// To be served while the end of the task is waited for.
    var watch: Watch {
        Watch(descriptor: timer) { [self] in
            var count: UInt64 = 0
            _ = read(timer, &count, 8)
            look()
        }
    }

    /// On a connection of its own, since the other one is in use. Where there is none there is nothing to tell.
    private func look() {
        guard let connection = try? Connection(path: path, patience: 1),
            let record = try? connection.call(
                .get, GetParameters(id: task), deadline: .now + .seconds(1)),
            record.state == .queued
        else { return }
        let now = TaskText.standing(record)
        guard now != told else { return }
        told = now
        Output.remark(now)
    }
}
