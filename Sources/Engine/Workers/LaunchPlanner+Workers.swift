import Foundation
import OrchProtocol
import Scheduling
import SupervisorLink

/// The start of a warm worker, and what it is told when there is a task for it.
extension LaunchPlanner {
    /// The number of its end of the channel, for `ORCH_WORKER_FD`.
    private static let channel: Int32 = 3

    func plan(_ worker: Worker) throws(Failure) -> Plan {
        guard let pool = configuration.pool(worker.pool), !pool.workerCommand.isEmpty else {
            throw Failure(reason: "the pool \"\(worker.pool)\" has no warm workers any more", isShortage: true)
        }
        var environment = pool.environment
        environment["PATH"] = pool.path
        environment["ORCH_POOL"] = ByteString(worker.pool)
        environment["ORCH_WORKER_FD"] = "\(Self.channel)"
        var order = pool.order(
            attempt: worker.id, name: Worker.name(worker.id), arguments: pool.workerCommand.map { ByteString($0) },
            environment: environment)
        order.descriptors = [1, 2]
        order.channel = Self.channel
        try check(order)
        do throws(SystemError) {
            let (out, err) = try files.create(worker: worker.id)
            return Plan(order: order, descriptors: [out, err])
        } catch {
            throw Failure(reason: error.description, isShortage: error.isShortage)
        }
    }

    /// - Parameter again: after what may be a part of the same message, which a line feed ends: a worker ignores a line that is no
    ///   JSON, as the beginning of an object is not, and a task after its first.
    static func message(_ task: TaskItem, _ attempt: Attempt, input: ByteString?, again: Bool) -> [UInt8] {
        let definition = task.definition
        var message = WorkerTask(id: task.id, attempt: attempt.number)
        switch definition.work {
        case .command(let arguments): message.arguments = arguments
        case .prompt(let text): message.prompt = text
        }
        message.model = definition.model
        message.thinking = definition.thinking
        message.labels = definition.labels.isEmpty ? nil : definition.labels
        message.input = input
        message.variables = definition.environment.isEmpty ? nil : definition.environment
        message.directory = definition.directory
        message.timeout = task.timeout.map { Double($0) / 1000 }
        message.resultSchema = definition.resultSchema.flatMap { try? JSONValue(Array($0.utf8)) }
        // It holds no number that JSON cannot write.
        let line = (try? Wire.line(message)) ?? Data()
        return (again ? [UInt8(ascii: "\n")] : []) + line + [UInt8(ascii: "\n")]
    }
}
