import Agents
import Glibc
import Scheduling
import Storage
import SupervisorLink

/// Adds to the supervisor's reports what the engine knows of the attempts: it reads the results that agents owe.
struct ReportReader: Sendable {
    let attempts: LiveAttempts
    let files: OutputFiles
    let store: SQLiteStore
    let configuration: CurrentConfiguration
    let channels: WorkerChannels

    /// The largest result that is kept; what is beyond is cut off.
    private static let maximumResult = 16 << 20

    /// - Parameter channel: to a warm worker that ended before its channel could be adopted.
    func end(_ report: EndReport, _ channel: Descriptor?) -> AttemptEnd {
        let id = Int64(truncatingIfNeeded: report.attempt)
        let entry = entry(of: id)
        if entry?.isWarm ?? true { return end(report, ofWorker: id, entry, channel) }
        var end = AttemptEnd(report, program: entry?.program, path: entry?.path, directory: entry?.directory)
        if let entry, let kind = entry.result, case .exited(0) = end.ending {
            let path = files.path(task: entry.task, attempt: entry.number, kind)
            if Self.isBlank(path) { end.missingResult = "exited with status 0, but produced no output" }
        }
        return end
    }

    /// None of its processes is left, so what is in the channel is the last that it has said.
    private func end(
        _ report: EndReport, ofWorker id: Int64, _ entry: LiveAttempts.Entry?, _ channel: Descriptor?
    ) -> AttemptEnd {
        let pool = (try? store.worker(id)).flatMap { configuration.value.pool($0.pool) }
        var end = AttemptEnd(report, program: pool?.workerCommand.first, path: pool?.path, directory: nil)
        end.news = news(channel.map(WorkerChannels.lastLines) ?? channels.lastLines(of: id), of: id)
        if entry == nil { end.lastWords = files.lastWords(ofWorker: id) }
        return end
    }

    /// Copies the result file of an attempt, which belongs to the attempt's user, to the engine's own.
    func keepResult(of attempt: Int64, from source: Descriptor) {
        guard let entry = entry(of: attempt) else { return }
        let path = files.path(task: entry.task, attempt: entry.number, .result)
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        guard let target = try? Descriptor(open(path, flags, 0o600), "create \(path)") else { return }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var total = 0
        while total < Self.maximumResult {
            let count = read(source.number, &buffer, buffer.count)
            guard count > 0, write(target.number, buffer, count) == count else { return }
            total += count
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

    /// Whether a file holds nothing but white space, or is not there. Looks at no more than its first megabyte. One that cannot be
    /// read for want of a descriptor, say, is not blank: that must not make a success a failure.
    private static func isBlank(_ path: String) -> Bool {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        if number < 0, errno == ENOENT { return true }
        guard let file = try? Descriptor(number, "read \(path)") else { return false }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        for _ in 0..<16 {
            let count = read(file.number, &buffer, buffer.count)
            guard count > 0 else { return count == 0 }
            if buffer[..<count].contains(where: { $0 > 0x20 }) { return false }
        }
        return false
    }
}

extension LiveAttempts.Entry {
    init(_ task: TaskItem, _ attempt: Attempt, _ configuration: Configuration) {
        let pool = configuration.pool(task.pool)
        self.init(
            task: task.id, number: attempt.number, pool: task.pool,
            outputLimit: pool?.outputLimit ?? PoolConfiguration.defaultOutputLimit)
        isWarm = attempt.handover != nil
        hasResult = attempt.handover?.isOver ?? false
        path = task.definition.environment["PATH"] ?? pool?.path
        directory = task.definition.directory
        switch task.definition.work {
        case .command(let arguments): program = arguments.first
        case .prompt where isWarm: break
        case .prompt:
            guard let agent = pool.flatMap({ configuration.agents[$0.agentName] }) else { return }
            if case .single(let word) = agent.arguments.first { program = word }
            result = agent.result == .stdout ? .out : .result
        }
    }
}
