import Foundation
import GRDB
import OrchProtocol
import Scheduling

/// How a task is written to its row and read back.
enum TaskColumns {
    static let changing = """
        pool, phase, priority, name, due_at, due_relative, timeout, idle_timeout, retries, retry_causes, retry_delay, \
        attempts, forgiven_attempts, finished_at, reason, lane
        """
    static let fixed = """
        command, prompt, labels, key, environment, directory, model, thinking, has_input, submitter, submitted_at, expires_at, \
        needs, pool_given, route, result_schema, routing, resources
        """
    static let all = "id, \(changing), \(fixed)"
    /// The same without what may be long: the beginning of a command or prompt, no environment, and of a schema
    /// only whether there is one.
    static let brief = """
        id, \(changing), substr(command, 1, \(briefLength)), substr(prompt, 1, \(briefLength)), labels, key, NULL, directory, \
        model, thinking, has_input, submitter, submitted_at, expires_at, needs, pool_given, route, substr(result_schema, 1, 0), \
        routing, resources
        """
    static let briefLength = 4096
    static let selectByID = "SELECT \(all) FROM task WHERE id = ?"
    static let selectReady = """
        SELECT \(all) FROM task WHERE phase = 0 AND pool = ? AND lane = ? ORDER BY priority DESC, id LIMIT ?
        """

    static let insert = """
        INSERT INTO task (\(changing), \(fixed)) VALUES (\(Array(repeating: "?", count: 34).joined(separator: ", ")))
        """
    static let update = """
        UPDATE task SET pool = ?, phase = ?, priority = ?, name = ?, due_at = ?, due_relative = ?, timeout = ?, \
        idle_timeout = ?, retries = ?, retry_causes = ?, retry_delay = ?, attempts = ?, forgiven_attempts = ?, \
        finished_at = ?, reason = ?, lane = ? WHERE id = ?
        """

    static let updateChoice = "UPDATE task SET model = ?, thinking = ?, route = ?, routing = ? WHERE id = ?"

    static func chosenValues(of definition: TaskDefinition) throws -> [(any SQLValue)?] {
        [definition.model, definition.thinking, definition.route, try definition.routing.map(JSONColumn.text)]
    }

    static func changingValues(of task: TaskItem) -> [(any SQLValue)?] {
        [
            task.pool, task.phase.rawValue, task.priority, task.name, task.dueAt, task.dueIsRelative, task.timeout,
            task.idleTimeout, task.retry.retries, mask(of: task.retry.causes), task.retry.delay, task.attempts,
            task.attemptsBeforeRetry, task.finishedAt, task.reason, task.lane,
        ]
    }

    static func fixedValues(of definition: TaskDefinition) throws -> [(any SQLValue)?] {
        var command: Data?
        var prompt: String?
        switch definition.work {
        case .command(let arguments): command = joined(arguments)
        case .prompt(let text): prompt = text
        }
        let variables = definition.environment.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value }
        return [
            command, prompt, definition.labels.isEmpty ? nil : try JSONColumn.text(of: definition.labels), definition.key,
            variables.isEmpty ? nil : joined(variables), definition.directory, definition.model, definition.thinking,
            definition.hasInput, definition.submitter, definition.submittedAt, definition.expiresAt,
            definition.needs.isEmpty ? nil : definition.needs.joined(separator: " "), definition.isPoolGiven,
            definition.route, definition.resultSchema, try definition.routing.map(JSONColumn.text),
            definition.resources.isEmpty ? nil : try JSONColumn.text(of: definition.resources),
        ]
    }

    static func read(_ columns: inout Columns) throws -> TaskItem {
        let id: Int64 = try columns.next()
        let pool: String = try columns.next()
        let phase: Phase = try columns.raw()
        let priority: Int = try columns.next()
        let name: String? = try columns.optional()
        let dueAt: Int64? = try columns.optional()
        let dueIsRelative: Bool = try columns.next()
        let timeout: Int64? = try columns.optional()
        let idleTimeout: Int64? = try columns.optional()
        let retry = RetryPolicy(
            retries: try columns.next(), causes: causes(of: try columns.next()), delay: try columns.next())
        let attempts: Int = try columns.next()
        let forgiven: Int = try columns.next()
        let finishedAt: Int64? = try columns.optional()
        let reason: String? = try columns.optional()
        let lane: String = try columns.next()
        var task = TaskItem(
            id: id, definition: try readDefinition(&columns), pool: pool, phase: phase, name: name, priority: priority,
            dueAt: dueAt, timeout: timeout, idleTimeout: idleTimeout, retry: retry, attempts: attempts,
            attemptsBeforeRetry: forgiven, finishedAt: finishedAt, reason: reason)
        task.dueIsRelative = dueIsRelative
        task.lane = lane
        return task
    }

    /// Reads what ``brief`` selects: a command whose end may be missing, but no part of a character.
    static func readBrief(_ columns: inout Columns) throws -> TaskItem {
        var task = try read(&columns)
        if case .command(var arguments) = task.definition.work, let last = arguments.last,
            task.definition.work.size > briefLength
        {
            arguments[arguments.count - 1] = ByteString(last.bytes.dropLast(UTF8Text.cutAtEnd(last.bytes[...])))
            task.definition.work = .command(arguments)
        }
        return task
    }

    private static func readDefinition(_ columns: inout Columns) throws -> TaskDefinition {
        let command: Data? = try columns.optional()
        let prompt: String? = try columns.optional()
        let labels: String? = try columns.optional()
        let key: String? = try columns.optional()
        let variables: Data? = try columns.optional()
        let directory: ByteString? = try columns.optional()
        let model: String? = try columns.optional()
        let thinking: String? = try columns.optional()
        var definition = TaskDefinition(
            work: command.map { .command(split($0)) } ?? .prompt(prompt ?? ""),
            labels: try labels.map { try JSONColumn.read($0, "labels that are not JSON") } ?? [:], key: key,
            environment: variables.map(environment) ?? [:], directory: directory, model: model, thinking: thinking,
            hasInput: try columns.next(), submitter: try columns.next(), submittedAt: try columns.next(),
            expiresAt: try columns.optional())
        if let needs = try columns.optional(String.self) { definition.needs = needs.split(separator: " ").map(String.init) }
        definition.isPoolGiven = try columns.next()
        definition.route = try columns.optional()
        definition.resultSchema = try columns.optional()
        definition.routing = try columns.optional(String.self).map { try JSONColumn.read($0, "a routing that is none") }
        if let text = try columns.optional(String.self) {
            definition.resources = try JSONColumn.read(text, "limits that are not JSON")
        }
        return definition
    }

    /// Arguments cannot contain a NUL, so one can stand between them.
    private static func joined(_ strings: [ByteString]) -> Data {
        var data = Data()
        for (index, string) in strings.enumerated() {
            if index > 0 { data.append(0) }
            data.append(contentsOf: string.bytes)
        }
        return data
    }

    private static func split(_ data: Data) -> [ByteString] {
        data.split(separator: 0, omittingEmptySubsequences: false).map { ByteString($0) }
    }

    private static func environment(_ data: Data) -> [ByteString: ByteString] {
        var variables: [ByteString: ByteString] = [:]
        for entry in data.split(separator: 0) {
            guard let (name, value) = ByteString(entry).cut(at: "=") else { continue }
            variables[name] = value
        }
        return variables
    }

    /// What a cause is in `retry_causes`. Databases hold these, so they must not change.
    private static func bit(of cause: RetryCause) -> Int {
        switch cause {
        case .exit: 1
        case .timeout: 1 << 1
        case .signal: 1 << 2
        case .lost: 1 << 3
        case .output: 1 << 4
        case .spawn: 1 << 5
        }
    }

    private static func mask(of causes: Set<RetryCause>) -> Int { causes.reduce(0) { $0 | bit(of: $1) } }

    /// The causes of each mask. Made once, since a set is dear to make and every row that is read has one.
    private static let causesOfMask: [Set<RetryCause>] = (0..<1 << RetryCause.allCases.count).map { mask in
        Set(RetryCause.allCases.filter { mask & bit(of: $0) != 0 })
    }

    /// Bits that this version does not know mean nothing to it.
    private static func causes(of mask: Int) -> Set<RetryCause> { causesOfMask[mask & (causesOfMask.count - 1)] }
}
