import Agents
import CLinux
import DaemonConfiguration
import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import SupervisorLink
import Systemd

/// Turns an attempt into an order for the supervisor: arguments, environment, and the files it writes to.
struct LaunchPlanner: Sendable {
    let configuration: Configuration
    let files: OutputFiles
    let branches: Branches
    /// That of the daemon, for pools whose tasks may speak to it as their user.
    var socket: String?

    struct Plan {
        var order: LaunchOrder
        /// They go along with the order, in its order.
        var descriptors: [Descriptor]
    }

    /// Why an attempt cannot be handed over.
    struct Failure: Error {
        var reason: String
        /// The machine is short of something; the task is not to blame.
        var isShortage: Bool
    }

    /// Where a program finds the files for `{prompt_file}` and `{schema_file}`: they are handed over as descriptors, which no
    /// path can be mistaken for.
    private static let promptDescriptor: Int32 = 3
    private static let schemaDescriptor: Int32 = 4
    /// Where `orchd-files` finds the files of the task.
    private static let filesDescriptor: Int32 = 5

    func plan(_ task: TaskItem, _ attempt: Attempt, input: ByteString?) throws(Failure) -> Plan {
        guard let pool = configuration.pool(task.pool) else {
            throw Failure(reason: "the pool \"\(task.pool)\" is no longer in the configuration", isShortage: true)
        }
        guard !attempt.isRouting else { return try planRouting(task, attempt, in: pool) }
        var environment = pool.startEnvironment
        var arguments: [ByteString]
        var texts: [Int32: ByteString] = [:]
        var unset: [String] = []
        var socketPlaces: [LaunchOrder.SocketPlace] = []
        var (model, thinking) = (task.definition.model, task.definition.thinking?.rawValue)
        switch task.definition.work {
        case .command(let command): arguments = command
        case .prompt(let text):
            guard let agent = configuration.agents[pool.agentName] else {
                throw Failure(reason: "the pool \"\(task.pool)\" no longer has an agent for prompts", isShortage: false)
            }
            model = agent.effectiveModel(model)
            thinking = thinking ?? agent.thinking
            guard let invocation = agent.invocation(request(text, model, thinking, task, attempt)) else {
                throw Failure(
                    reason:
                        "with this prompt \"\(agent.name)\" gets an argument of more than \(ArgumentSize.longest) bytes, the limit of Linux",
                    isShortage: false)
            }
            arguments = invocation.arguments.map { ByteString($0) }
            texts[0] = invocation.input.map { ByteString($0) }
            texts[Self.promptDescriptor] = invocation.file.map { ByteString($0) }
            texts[Self.schemaDescriptor] = invocation.schema.map { ByteString($0) }
            unset = agent.unset
            socketPlaces = invocation.socketPlaces.map { .init(argument: UInt32($0.argument), offset: UInt32($0.offset)) }
            for (name, value) in invocation.environment { environment[ByteString(name)] = ByteString(value) }
            // None of the pool's own variables names another model.
            environment["ORCH_MODEL"] = nil
            environment["ORCH_THINKING"] = nil
        }
        environment.merge(task.definition.environment) { _, new in new }
        for name in unset { environment[ByteString(name)] = nil }
        // Where it has a door, the supervisor says which.
        environment["ORCHD_SOCKET"] = pool.hasFullAccess ? socket.map { ByteString($0) } : nil
        environment["ORCH_TASK_ID"] = "\(task.id)"
        environment["ORCH_ATTEMPT"] = "\(attempt.number)"
        environment["ORCH_POOL"] = ByteString(task.pool)
        if let model { environment["ORCH_MODEL"] = ByteString(model) }
        if let thinking { environment["ORCH_THINKING"] = ByteString(thinking) }

        let repository = task.definition.directory == nil ? pool.repository : nil
        // What makes the worktree takes the name from there, and so may the task.
        if repository != nil {
            environment["ORCH_BRANCH"] = ByteString(
                branches.name(task: task.id, attempt: attempt.number, dispatchedAt: attempt.dispatchedAt))
        }

        var order = pool.order(
            attempt: attempt.id, name: OutputFiles.name(task: task.id, attempt: attempt.number), arguments: arguments,
            environment: environment, resources: task.definition.resources ?? ResourceLimits(),
            submitter: pool.settings.runner(of: task.definition.submitter))
        order.hasDoor = pool.settings.spawn != nil
        order.socketPlaces = socketPlaces
        order.directory = task.definition.directory ?? ""
        order.repository = repository
        if let input { texts[0] = input }
        var plan = try equip(order, task, attempt, texts)
        if let kept = task.definition.files {
            plan.descriptors.append(try open(kept))
            plan.order.descriptors.append(Self.filesDescriptor)
            plan.order.files = Self.filesDescriptor
        }
        return plan
    }

    private func open(_ kept: KeptFiles) throws(Failure) -> Descriptor {
        do throws(SystemError) {
            return try files.submitted.open(kept)
        } catch {
            let isGone = error.code == ENOENT
            throw Failure(
                reason: isGone
                    ? "the files that were submitted with it are gone, as after the restore of a backup; submit it again"
                    : error.description,
                isShortage: error.isShortage)
        }
    }

    /// Adds to an order the files that its process reads and writes.
    ///
    /// - Parameter texts: those that it reads, by their descriptors in it.
    func equip(
        _ order: LaunchOrder, _ task: TaskItem, _ attempt: Attempt, _ texts: [Int32: ByteString]
    ) throws(Failure) -> Plan {
        try check(order)
        var order = order
        var descriptors: [Descriptor] = []
        do throws(SystemError) {
            for (number, text) in texts.sorted(by: { $0.key < $1.key }) {
                descriptors.append(try Self.memory(text))
                order.descriptors.append(number)
            }
            descriptors += try output(of: task, attempt)
            order.descriptors += [1, 2]
        } catch {
            throw Failure(reason: error.description, isShortage: error.isShortage)
        }
        return Plan(order: order, descriptors: descriptors)
    }

    private func output(of task: TaskItem, _ attempt: Attempt) throws(SystemError) -> [Descriptor] {
        guard configuration.pool(task.pool)?.output == .journal, !attempt.isRouting else {
            let (out, err) = try files.create(task: task.id, attempt: attempt.number)
            return [out, err]
        }
        let identifier = Journal.identifier(ofTask: task.id)
        return [
            try Descriptor(Journal.stream(identifier, priority: .info), "reach the journal"),
            try Descriptor(Journal.stream(identifier, priority: .notice), "reach the journal"),
        ]
    }

    private func request(
        _ prompt: String, _ model: String?, _ thinking: String?, _ task: TaskItem, _ attempt: Attempt
    ) -> AgentRequest {
        var request = AgentRequest(
            prompt: prompt, model: model, thinking: thinking,
            promptFile: "/dev/fd/\(Self.promptDescriptor)", schemaFile: "/dev/fd/\(Self.schemaDescriptor)")
        let pool = configuration.pool(task.pool)
        let workspace = configuration.workDirectory.map { root in
            WorkspacePaths.workspace(
                in: root,
                folder: WorkspacePaths.folder(
                    pool: task.pool, user: pool?.settings.runner(of: task.definition.submitter)),
                name: OutputFiles.name(task: task.id, attempt: attempt.number))
        }
        let isWorktree = pool?.repository != nil
        request.workspace =
            task.definition.directory?.text ?? workspace.map { isWorktree ? "\($0)/\(WorkspacePaths.treeName)" : $0 }
        request.resultFile = workspace.map { "\($0)/\(WorkspacePaths.resultName)" }
        request.resultDirectory = workspace.map { "\($0)/\(WorkspacePaths.resultDirectoryName)" }
        request.timeout = task.timeout
        request.schema = task.definition.resultSchema
        request.hasDoor = pool?.settings.spawn != nil
        return request
    }

    /// A file in memory that holds the text, ready to be read from its beginning.
    private static func memory(_ text: ByteString) throws(SystemError) -> Descriptor {
        let number = text.bytes.withUnsafeBytes { linux_sealed_memfd("orchd-input", $0.baseAddress, $0.count) }
        let descriptor = try Descriptor(number, "make a file in memory")
        lseek(descriptor.number, 0, SEEK_SET)
        // The reader may be another user, who may open it again by its path under /dev/fd.
        fchmod(descriptor.number, 0o444)
        return descriptor
    }
}

extension PoolConfiguration {
    /// The variables that every process of the pool begins with.
    fileprivate var startEnvironment: [ByteString: ByteString] {
        environment.merging(["PATH": path, "ORCH_POOL": ByteString(settings.name)]) { _, new in new }
    }

    /// An order for a process of the pool, without descriptors.
    ///
    /// - Parameters:
    ///   - resources: what its task asks for.
    ///   - submitter: of its task, if it must run as that user.
    func order(
        attempt: Int64, name: String, arguments: [ByteString], environment: [ByteString: ByteString],
        resources: ResourceLimits = .init(), submitter: UInt32? = nil
    ) -> LaunchOrder {
        var order = LaunchOrder(attempt: UInt64(attempt), name: name, pool: settings.name, arguments: arguments)
        order.environment = environment.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }
        (order.umask, order.nice, order.oomScoreAdjust) = (umask, nice, oomScoreAdjust)
        order.limits = limits.sorted { $0.key < $1.key }.map { .init(resource: $0.key, soft: $0.value, hard: $0.value) }
        order.controls = resources.filled(from: self.resources, upTo: settings.maximum).controls
        (order.sandbox, order.credentials, order.submitter) = (sandbox, credentials, submitter)
        return order
    }
}

/// An order that no process can be made of, or that the supervisor would not take, ends its own attempt here: sent, it would end the
/// connection, and the next one, and so keep everything else from starting.
///
/// What is submitted is held against the same limits (`TaskRouter.checkSize`), but pools and agents may have changed since, and rows may
/// be older than a limit.
extension LaunchPlanner {
    func check(_ order: LaunchOrder) throws(Failure) {
        if let fault = Self.fault(order) { throw Failure(reason: "cannot start it: \(fault)", isShortage: false) }
    }

    private static func fault(_ order: LaunchOrder) -> String? {
        var size = ArgumentSize()
        size.add(arguments: order.arguments)
        for variable in order.environment { size.add(stringOf: variable.count) }
        if let index = order.arguments.firstIndex(where: { $0.count > ArgumentSize.longest }) {
            let count = order.arguments[index].count
            return "argument \(index) has \(count) bytes, and Linux takes \(ArgumentSize.longest) for one"
        }
        if let variable = order.environment.first(where: { $0.count > ArgumentSize.longest }) {
            let name = (variable.cut(at: "=")?.before ?? variable).lossy.shortened(to: 64)
            return "the variable \(name) has \(variable.count) bytes, and Linux takes \(ArgumentSize.longest) for one"
        }
        if size.isTooMuch { return ArgumentSize.complaint("its arguments and variables take", size) }
        do throws(LinkError) {
            try order.check()
            return nil
        } catch {
            return error == .tooLong
                ? "its order is longer than the \(LinkProtocol.maximumMessage >> 20) MiB that the supervisor takes"
                : "the supervisor would not take its order (\(error))"
        }
    }
}

/// The order for the program of a rule, instead of one for the task itself.
extension LaunchPlanner {
    /// It is told of the task on its standard input, and of nothing that is secret: neither its environment nor its input.
    func planRouting(_ task: TaskItem, _ attempt: Attempt, in pool: PoolConfiguration) throws(Failure) -> Plan {
        let rule = task.definition.routing?.rule ?? ""
        guard let program = configuration.routes.first(where: { $0.name == rule })?.program,
            let question = RouteQuestion(task, configuration), let line = try? Wire.line(question)
        else {
            throw Failure(reason: "the rule \"\(rule)\" no longer has a program", isShortage: false)
        }
        var environment = pool.startEnvironment
        environment["ORCH_TASK_ID"] = "\(task.id)"
        environment["ORCH_ROUTE"] = ByteString(rule)
        let order = pool.order(
            attempt: attempt.id, name: OutputFiles.name(task: task.id, attempt: attempt.number),
            arguments: program.command.map { ByteString($0) },
            environment: environment, submitter: pool.settings.runner(of: task.definition.submitter))
        return try equip(order, task, attempt, [0: ByteString(line) + "\n"])
    }
}

/// The start of a warm worker, and what it is told when there is a task for it.
extension LaunchPlanner {
    /// The number of its end of the channel, for `ORCH_WORKER_FD`.
    private static let channel: Int32 = 3

    func plan(_ worker: Worker) throws(Failure) -> Plan {
        guard let pool = configuration.pool(worker.pool), !pool.workerCommand.isEmpty else {
            throw Failure(reason: "the pool \"\(worker.pool)\" no longer has warm workers", isShortage: true)
        }
        var environment = pool.startEnvironment
        environment["ORCH_WORKER_FD"] = "\(Self.channel)"
        var order = pool.order(
            attempt: worker.id, name: Worker.name(worker.id), arguments: pool.workerCommand.map { ByteString($0) },
            environment: environment)
        order.descriptors = [1, 2]
        order.channel = Self.channel
        order.hasDoor = pool.settings.spawn != nil
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
        message.thinking = definition.thinking?.rawValue
        message.labels = definition.options.labels
        message.input = input
        message.variables = definition.environment.isEmpty ? nil : definition.environment
        message.directory = definition.directory
        message.timeout = definition.timeout
        message.resultSchema = definition.resultSchema.flatMap { try? JSONValue(Array($0.utf8)) }
        // It holds no number that JSON cannot write.
        let line = (try? Wire.line(message)) ?? Data()
        return (again ? [UInt8(ascii: "\n")] : []) + line + [UInt8(ascii: "\n")]
    }
}
