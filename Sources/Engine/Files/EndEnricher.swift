import Agents
import DaemonConfiguration
import Foundation
import Glibc
import Logging
import OrchProtocol
import Platform
import Scheduling
import Schemas
import Storage
import SupervisorLink

/// Adds to the supervisor's reports what the engine knows of the attempts: it reads the results that agents owe.
struct EndEnricher: Sendable {
    let attempts: LiveAttempts
    let files: OutputFiles
    let store: SQLiteStore
    let configuration: CurrentConfiguration
    let channels: WorkerChannels
    let doors: Doors
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
            log.error("what attempt number \(attempt) left in its result directory and was not kept is unknown: \(error)")
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
            task: task.id, number: attempt.number, pool: task.pool, submitter: task.definition.submitter,
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

/// What the programs of rules answer.
extension EndEnricher {
    /// Reads the answer where the program says that it has given one.
    func readAnswer(_ end: inout AttemptEnd, _ entry: LiveAttempts.Entry) {
        guard case .exited(0) = end.ending else { return }
        do {
            let bytes = try files.read(task: entry.task, attempt: entry.number, .out, at: 0, count: RouteOutput.maximum)
            if let fields = RouteOutput.answer(in: bytes) {
                end.answer = .fields(fields)
            } else {
                end.answer = .unusable(bytes.isEmpty ? "printed nothing" : "printed no JSON object")
            }
        } catch {
            end.answer = .unusable("printed something that cannot be read (\(error))")
        }
    }
}

/// Results that must satisfy a schema, no matter who they are from: a command, an agent or a warm worker.
extension EndEnricher {
    /// Makes a failure of what would be a success, where the result is not what its task asks for.
    func judgeResult(_ end: inout AttemptEnd, _ entry: LiveAttempts.Entry) {
        guard entry.hasSchema, end.failure == nil, wouldSucceed(end, entry) else { return }
        do {
            guard let text = try store.resultSchema(of: entry.task) else { return }
            let schema = try JSONSchema(JSONValue(Array(text.utf8)))
            let result = try result(of: entry)
            let document = try ResultDocument.check(result, against: schema)
            // Programs read the result, so it is only the document, without what is around it.
            if document != result.indices { try files.keepResult(result[document], task: entry.task, attempt: entry.number) }
        } catch let mismatch as JSONSchema.Mismatch {
            let what = mismatch.path.isEmpty ? "the result" : "in the result, \(mismatch.path.shortened(to: 200))"
            end.failure = AgentFailure(.schema, "\(what) \(mismatch.problem)".shortened(to: 500))
        } catch {
            end.failure = AgentFailure(.schema, "the result cannot be checked against its schema: \(error)".shortened(to: 500))
        }
    }

    /// As far as is known without the result. What else makes a failure of it comes first.
    private func wouldSucceed(_ end: AttemptEnd, _ entry: LiveAttempts.Entry) -> Bool {
        if entry.isWarm { return entry.hasResult }
        return switch end.ending {
        case .exited(0): true
        case .exited, .signalled: end.stopped && end.hasWholeResult
        case .failedToStart, .shortOfResources, .lost: false
        }
    }

    /// What `task.get` answers as the result, and a byte more than may be judged.
    private func result(of entry: LiveAttempts.Entry) throws(SystemError) -> [UInt8] {
        for kind in [OutputFiles.Kind.result, .out] {
            let bytes = try files.read(
                task: entry.task, attempt: entry.number, kind, at: 0, count: ResultDocument.maximumSize + 1)
            if !bytes.isEmpty { return bytes }
        }
        return []
    }
}

/// What warm workers say, as far as it decides anything. Progress goes to where `worker list` finds it, and the output of a task into
/// its file, before the result is committed: a result that is in the store has its output.
extension EndEnricher {
    func news(_ lines: [ArraySlice<UInt8>], of worker: Int64) -> [WorkerNews] {
        var news: [WorkerNews] = []
        for line in lines {
            do throws(WorkerMessage.Malformed) {
                switch try WorkerMessage(line: Data(line)) {
                case .ready(let it):
                    let capabilities = (it.capabilities ?? []).prefix(64).map { $0.shortened(to: 64) }
                    news.append(.ready(capabilities: capabilities, version: it.version?.shortened(to: 100)))
                case .accepted: news.append(.accepted)
                case .progress(let it): note(it, of: worker)
                case .usage(let it):
                    note(nil, of: worker)
                    // Of several at once the last says it all.
                    var earlier: Usage?
                    if case .usage(let usage) = news.last {
                        earlier = usage
                        news.removeLast()
                    }
                    news.append(.usage(Usage(it).completed(by: earlier)))
                case .result(let it): news.append(keep(it, of: worker))
                }
            } catch {
                news.append(.fault(error.message))
                break
            }
        }
        return news
    }

    /// It is at work, whatever its output says.
    private func note(_ progress: WorkerMessage.Progress?, of worker: Int64) {
        attempts.update(worker) {
            if let progress {
                $0.progress = TaskProgress(percent: progress.percent, text: progress.text?.shortened(to: 200))
            }
            $0.progressAt = clock().monotonic
        }
    }

    /// Only the first result is one. It is kept while the attempt lives, which is known here from the message to the worker on: what is
    /// read after its end has been heard with it already.
    private func keep(_ result: WorkerMessage.Result, of worker: Int64) -> WorkerNews {
        let isSuccess = result.status == .success
        let reason = result.reason.map { $0.shortened(to: 500) }
        let usage = result.usage.map { Usage($0) }
        let news = WorkerNews.result(isSuccess: isSuccess, reason: reason, usage: usage)
        guard let entry = attempts[worker], !entry.hasResult else { return news }
        attempts.update(worker) { $0.hasResult = true }
        do throws(SystemError) {
            if let output = result.output, !output.isEmpty {
                try files.keepResult(output.utf8, task: entry.task, attempt: entry.number)
            }
        } catch {
            return .result(isSuccess: false, reason: "its result is lost: \(error)", usage: usage)
        }
        return news
    }
}

extension Usage {
    /// Impossible numbers, negative or infinite, do not count.
    init(_ told: WorkerUsage) {
        func count(_ number: Int64?) -> Int64? { number.flatMap { $0 >= 0 ? $0 : nil } }
        self.init(
            tokensIn: count(told.inputTokens), tokensOut: count(told.outputTokens), tokensCached: count(told.cachedTokens),
            cost: count(told.cost.flatMap { Int64(exactly: ($0 * 1e6).rounded()) }))
    }
}
