import OrchProtocol
import Scheduling
import SupervisorLink

extension EffectPerformer {
    func launch(_ worker: Worker, _ planner: LaunchPlanner) {
        do {
            let plan = try planner.plan(worker)
            try checkLink(takes: plan.order)
            targets.link.send(.launch(plan.order), descriptors: plan.descriptors)
        } catch {
            failToStart(worker.id, error)
        }
    }

    /// The message before the files: somebody may be waiting for nothing else.
    func assign(_ task: TaskItem, _ attempt: Attempt, _ input: ByteString?, again: Bool) {
        let entry = LiveAttempts.Entry(task, attempt, targets.configuration.value)
        // What the worker says to it is of this attempt from its first word on.
        targets.attempts.insertIfMissing(attempt.id, entry)
        targets.channels.send(LaunchPlanner.message(task, attempt, input: input, again: again), to: attempt.id)
        targets.files.adopt(worker: attempt.id, task: task.id, attempt: attempt.number)
        targets.watcher.begin(attempt.id, entry)
    }

    func dismiss(_ worker: Int64) {
        // An engine before may have gone down within a message to it.
        targets.channels.send([UInt8(ascii: "\n")] + WorkerProtocol.exit + [UInt8(ascii: "\n")], to: worker)
    }

    func discard(_ worker: Worker) {
        targets.channels.forget(worker.id)
        targets.files.remove(worker: worker.id)
        targets.link.send(.discard(pool: worker.pool, name: Worker.name(worker.id)))
    }
}
