import OrchProtocol
import Scheduling
import SupervisorLink

/// The order for the program of a rule, instead of one for the task itself.
extension LaunchPlanner {
    /// It is told of the task on its standard input, and of nothing that is secret: neither its environment nor its input.
    func planRouting(_ task: TaskItem, _ attempt: Attempt, in pool: PoolConfiguration) throws(Failure) -> Plan {
        let rule = task.definition.routing?.rule ?? ""
        guard let program = configuration.routes.first(where: { $0.name == rule })?.program,
            let question = RouteQuestion(task, configuration), let line = try? Wire.line(question)
        else {
            throw Failure(reason: "the rule \"\(rule)\" has no program any more", isShortage: false)
        }
        var environment = pool.environment
        environment["PATH"] = pool.path
        environment["ORCH_TASK_ID"] = "\(task.id)"
        environment["ORCH_POOL"] = ByteString(task.pool)
        environment["ORCH_ROUTE"] = ByteString(rule)
        let order = pool.order(
            attempt: attempt.id, name: OutputFiles.name(task: task.id, attempt: attempt.number),
            arguments: program.command.map { ByteString($0) },
            environment: environment, submitter: pool.settings.runner(of: task.definition.submitter))
        return try equip(order, task, attempt, [0: ByteString(line) + "\n"])
    }
}
