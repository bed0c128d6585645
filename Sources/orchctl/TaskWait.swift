import OrchClient
import OrchProtocol
import Presentation

/// Waits for tasks to end, `wait` and `submit --wait`.
struct TaskWait {
    let client: Client
    var deadline: ContinuousClock.Instant?

    /// As many as go into one request.
    private static let atOnce = 1000

    /// Waits for all of them, tells of each as it ends, and returns them in the order given.
    func all(_ ids: [Int64], onEnd: (TaskRecord) throws -> Void = { _ in }) throws -> [TaskRecord] {
        var told: Set<Int64> = []
        var ended: [TaskRecord] = []
        for start in stride(from: 0, to: ids.count, by: Self.atOnce) {
            let part = Array(ids[start..<min(start + Self.atOnce, ids.count)])
            let result = try client.session.call(
                .wait(WaitParameters(ids: part)), as: WaitResult.self, deadline: deadline
            ) { notification in
                // After a reconnection the daemon tells again of those that have ended.
                guard case .finished(_, let task) = notification, told.insert(task.id).inserted else { return }
                try onEnd(task)
            }
            for task in result.tasks where told.insert(task.id).inserted { try onEnd(task) }
            ended += result.tasks
        }
        return ended
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
