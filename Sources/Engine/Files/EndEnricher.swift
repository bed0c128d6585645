import Agents
import Glibc
import Logging
import OrchProtocol
import Scheduling
import Storage
import SupervisorLink

/// Adds to the supervisor's reports what the engine knows of the attempts: it reads the results that agents owe.
struct EndEnricher: Sendable {
    let attempts: LiveAttempts
    let files: OutputFiles
    let store: SQLiteStore
    let configuration: CurrentConfiguration
    let channels: WorkerChannels
    let log: Logger
    var clock: @Sendable () -> Now = Clock.now

    /// - Parameter channel: to a warm worker that ended before its channel could be adopted.
    func end(_ report: EndReport, _ channel: Descriptor?) -> AttemptEnd {
        let id = Int64(truncatingIfNeeded: report.attempt)
        let entry = entry(of: id)
        if entry?.isWarm ?? true { return end(report, ofWorker: id, entry, channel) }
        var end = AttemptEnd(report, program: entry?.program, path: entry?.path, directory: entry?.directory)
        if let entry, case .failedToStart(let reason) = end.ending, report.step == .workspace, report.code == 0,
            let complaint = files.complaint(task: entry.task, attempt: entry.number)
        {
            end.ending = .failedToStart("\(reason): \(complaint)")
        }
        if let entry, entry.isRouting {
            readAnswer(&end, entry)
            quote(&end, entry)
            return end
        }
        if let entry {
            if let agent = entry.agent { judge(&end, by: agent, entry) } else { quote(&end, entry) }
            judgeResult(&end, entry)
            holdOutput(&end, entry)
        }
        return end
    }

    /// The watcher ends what writes too much while it runs. A short attempt is over before that, and a fast one writes on until it is ended.
    private func holdOutput(_ end: inout AttemptEnd, _ entry: LiveAttempts.Entry) {
        if files.hold(task: entry.task, attempt: entry.number, to: entry.outputLimit) { end.exceeds = entry.outputLimit }
    }

    /// A program that failed by itself has said why on its standard error.
    private func quote(_ end: inout AttemptEnd, _ entry: LiveAttempts.Entry) {
        guard end.failedByItself else { return }
        end.stderrTail = files.stderrTail(task: entry.task, attempt: entry.number)
    }

    /// What an agent printed says more than its exit status. Where that cannot be read, or its answer not kept, there is no success.
    private func judge(_ end: inout AttemptEnd, by agent: AgentDefinition, _ entry: LiveAttempts.Entry) {
        let exit: Int32?
        switch end.ending {
        case .exited(let status): exit = end.stopped ? nil : status
        case .signalled: exit = nil
        case .failedToStart, .shortOfResources, .lost: return
        }
        let report: AgentReport
        do throws(SystemError) {
            var printed = try files.printed(by: entry, for: agent)
            printed.exit = exit
            report = agent.report(on: printed, at: ReadingTime(now: end.endedAt, offset: Clock.zoneOffset(of:at:)))
            if let text = report.text { try files.keepResult(text.utf8, task: entry.task, attempt: entry.number) }
        } catch {
            if exit == 0 { end.failure = AgentFailure(.empty, "exited with status 0, but its answer cannot be kept: \(error)") }
            return
        }
        end.usage = report.usage.isEmpty ? nil : report.usage
        end.hasWholeResult = report.isWhole
        end.stderrTail = report.stderrTail
        // A signal says for itself how it ended, unless it was the engine's, after a whole result.
        guard exit != nil || end.stopped else { return }
        end.failure = report.failure
        end.failure?.provider = agent.provider(ofModel: entry.model)
    }

    /// None of its processes is left, so what is in the channel is the last that it has said.
    private func end(
        _ report: EndReport, ofWorker id: Int64, _ entry: LiveAttempts.Entry?, _ channel: Descriptor?
    ) -> AttemptEnd {
        let pool = (try? store.worker(id)).flatMap { configuration.value.pool($0.pool) }
        var end = AttemptEnd(report, program: pool?.workerCommand.first, path: pool?.path.lossy, directory: nil)
        let lines = channel.map(WorkerChannels.lastLines) ?? channels.lastLines(of: id)
        end.news = news(lines ?? [], of: id)
        switch end.ending {
        case .exited, .signalled: end.isUnread = lines == nil
        case .failedToStart, .shortOfResources, .lost: break
        }
        // What it has just said may be its result.
        if let entry = self.entry(of: id) {
            quote(&end, entry)
            judgeResult(&end, entry)
            holdOutput(&end, entry)
        } else {
            end.stderrTail = files.stderrTail(ofWorker: id)
        }
        return end
    }

    /// Copies the result file of an attempt, which belongs to the attempt's user, to the engine's own.
    func keepResult(of attempt: Int64, from source: Descriptor) {
        guard let entry = entry(of: attempt) else { return }
        try? files.keepResult(from: source, task: entry.task, attempt: entry.number)
    }

    /// What takes the files of an attempt. Nil where it is over already: what an acknowledgement has not reached yet stands as it is.
    func collection(of attempt: UInt64) -> FileCollection? {
        guard let found = try? store.attempt(withID: Int64(truncatingIfNeeded: attempt)), found.attempt.state != .ended else {
            return nil
        }
        do throws(SystemError) {
            return try FileCollection(
                files, task: found.task.id, attempt: found.attempt.number,
                limit: configuration.value.pool(found.attempt.pool)?.filesLimit ?? PoolConfiguration.defaultFilesLimit)
        } catch {
            log.error("the result files of attempt \(found.task.id).\(found.attempt.number) are not kept: \(error)")
            return nil
        }
    }

    func finish(_ collection: FileCollection, of attempt: UInt64) {
        do throws(SystemError) { try collection.finish() } catch {
            log.error("what attempt number \(attempt) left in its result directory and is not kept cannot be told: \(error)")
        }
    }

    /// Knows the attempts of earlier engines from the store.
    func entry(of attempt: Int64) -> LiveAttempts.Entry? {
        if let entry = attempts[attempt] { return entry }
        guard let found = try? store.attempt(withID: attempt) else { return nil }
        let entry = LiveAttempts.Entry(found.task, found.attempt, configuration.value)
        attempts.insert(attempt, entry)
        return entry
    }
}

extension LiveAttempts.Entry {
    /// Bytes that the program of a rule may write: more than anybody reads.
    private static let routingLimit: Int64 = 1 << 20

    init(_ task: TaskItem, _ attempt: Attempt, _ configuration: Configuration) {
        let pool = configuration.pool(task.pool)
        self.init(
            task: task.id, number: attempt.number, pool: task.pool,
            outputLimit: pool?.outputLimit ?? PoolConfiguration.defaultOutputLimit)
        guard !attempt.isRouting else {
            isRouting = true
            outputLimit = min(outputLimit, Self.routingLimit)
            program = configuration.routes.first { $0.name == task.definition.routing?.rule }?.program?.command.first
            path = pool?.path.lossy
            return
        }
        isRelayed = pool?.output == .both
        isWarm = attempt.delivery != nil
        hasResult = attempt.delivery?.isOver ?? false
        hasSchema = task.definition.resultSchema != nil
        path = task.definition.environment["PATH"]?.lossy ?? pool?.path.lossy
        directory = task.definition.directory?.lossy
        switch task.definition.work {
        case .command(let arguments): program = arguments.first?.lossy
        case .prompt where isWarm: break
        case .prompt:
            agent = attempt.agent.flatMap { configuration.agents[$0] }
            program = agent?.program
            model = task.definition.model
        }
    }
}
