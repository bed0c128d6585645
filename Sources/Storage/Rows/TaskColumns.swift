import Foundation
import GRDB
import OrchProtocol
import Scheduling

/// How a task is written to its row and read back. Each column is named once, here.
enum TaskColumns {
    typealias Column = Storage.Column<TaskItem>

    /// The options, and what else `task.update` and the program of a rule may change. Options without a column of their own stand in one
    /// of JSON; it is read first, and NULL for most tasks.
    static let chosen: [Column] = [
        Column("options", { try json(of: $0.definition.options) }) {
            guard let text = try $1.optional(String.self) else { return }
            $0.definition.options = try JSONColumn.read(text, "options that are not JSON")
        },
        Column("route", { $0.definition.route }) { $0.definition.route = try $1.optional() },
        Column("routing", { try $0.definition.routing.map(JSONColumn.text) }) {
            $0.definition.routing = try $1.optional(String.self).map { try JSONColumn.read($0, "an invalid routing") }
        },
        Column("priority", { $0.priority }) { $0.priority = try $1.next() },
        Column("name", { $0.name }) { $0.name = try $1.optional() },
        Column("timeout", { $0.timeout }) { $0.timeout = try $1.optional() },
        Column("idle_timeout", { $0.idleTimeout }) { $0.idleTimeout = try $1.optional() },
        Column("retries", { $0.retry.retries }) { $0.definition.options.retries = try $1.next() },
        Column("retry_causes", { mask(of: $0.retry.causes) }) {
            $0.definition.options.retryOn = causes(of: try $1.next())
        },
        Column("retry_delay", { $0.retry.delay }) {
            $0.definition.options.retryDelay = Double(try $1.next(Int64.self)) / 1000
        },
    ]

    /// What is written whenever a task changes: all that a turn changes of itself.
    static let changing: [Column] = [
        Column("pool", { $0.pool }) { $0.pool = try $1.next() },
        Column("phase", { $0.phase.rawValue }) { $0.phase = try $1.raw() },
        Column("lane", { $0.lane }) { $0.lane = try $1.next() },
        Column("due_at", { $0.dueAt }) { $0.dueAt = try $1.optional() },
        Column("due_relative", { $0.dueIsRelative }) { $0.dueIsRelative = try $1.next() },
        Column("attempts", { $0.attempts }) { $0.attempts = try $1.next() },
        Column("forgiven_attempts", { $0.attemptsBeforeRetry }) { $0.attemptsBeforeRetry = try $1.next() },
        Column("finished_at", { $0.finishedAt }) { $0.finishedAt = try $1.optional() },
        Column("reason", { $0.reason }) { $0.reason = try $1.optional() },
    ]

    /// The work, which `task.update` may change, and nothing else. It may be long.
    static let work: [Column] = [
        Column("command", inBrief: "substr(command, 1, \(briefLength))", { command(of: $0.definition.work) }) {
            if let command = try $1.optional(Data.self) { $0.definition.work = .command(split(command)) }
        },
        Column("prompt", inBrief: "substr(prompt, 1, \(briefLength))", { prompt(of: $0.definition.work) }) {
            if let prompt = try $1.optional(String.self) { $0.definition.work = .prompt(prompt) }
        },
    ]

    /// What a parent that asks for its child again changes, and a retry.
    static let moving: [Column] = [
        Column("parent_attempt", { $0.ancestry.attempt }) { $0.ancestry.attempt = try $1.next() },
        Column("detached", { $0.ancestry.isDetached }) { $0.ancestry.isDetached = try $1.next() },
        Column("forgotten_steps", { $0.ancestry.forgottenSteps }) { $0.ancestry.forgottenSteps = try $1.next() },
    ]

    /// What stays as it was submitted.
    static let fixed: [Column] = [
        Column("parent", { $0.ancestry.parent }) { $0.ancestry.parent = try $1.next() },
        Column("root", { $0.ancestry.root }) { $0.ancestry.root = try $1.next() },
        Column("depth", { $0.ancestry.depth }) { $0.ancestry.depth = try $1.next() },
        Column("directory", { $0.definition.directory }) { $0.definition.directory = try $1.optional() },
        Column("result_schema", inBrief: "substr(result_schema, 1, 0)", { $0.definition.resultSchema }) {
            $0.definition.resultSchema = try $1.optional()
        },
        Column("has_input", { $0.definition.hasInput }) { $0.definition.hasInput = try $1.next() },
        Column("pool_given", { $0.definition.isPoolGiven }) { $0.definition.isPoolGiven = try $1.next() },
        Column("key", { $0.definition.options.key }) { $0.definition.options.key = try $1.optional() },
        Column("submitter", { $0.definition.submitter }) { $0.definition.submitter = try $1.next() },
        Column("subject", { $0.definition.subject ?? "" }) {
            let subject = try $1.next(String.self)
            $0.definition.subject = subject.isEmpty ? nil : subject
        },
        Column("files", inBrief: "NULL", { try $0.definition.files.map(JSONColumn.text) }) {
            $0.definition.files = try $1.optional(String.self).map { try JSONColumn.read($0, "files that are not JSON") }
        },
        Column("submitted_at", { $0.definition.submittedAt }) { $0.definition.submittedAt = try $1.next() },
        Column("expires_at", { $0.definition.options.expires?.milliseconds }) {
            $0.definition.options.expires = try $1.optional().map(Timestamp.init(milliseconds:))
        },
    ]

    static let columns = chosen + changing + work + moving + fixed
    /// A row that is missing reads as a number, which is damage: a task must not run without what it was given.
    private static let environment = """
        CASE WHEN environment_id IS NULL THEN NULL
            ELSE coalesce((SELECT variables FROM environment WHERE id = task.environment_id), 0) END
        """
    static let all = "id, " + columns.map(\.name).joined(separator: ", ") + ", " + environment
    /// The same without what may be long: the beginning of a command or prompt, no environment, and of a schema
    /// only whether there is one.
    static let brief = "id, " + columns.map(\.inBrief).joined(separator: ", ") + ", NULL"
    static let briefLength = 4096
    static let selectByID = "SELECT \(all) FROM task WHERE id = ?"
    static let selectReady = """
        SELECT \(all) FROM task WHERE phase = 0 AND pool = ? AND lane = ? ORDER BY priority DESC, id LIMIT ?
        """
    static let insert = Column.insert(columns, into: "task")
    /// The last argument is the row of its environment.
    static let insertWithEnvironment = Column.insert(columns, "environment_id", into: "task")
    static let update = Column.update(changing, of: "task")
    static let updateChoice = Column.update(chosen, of: "task")
    static let updateWork = Column.update(work, of: "task")
    static let updateAncestry = Column.update(moving, of: "task")

    static func read(_ row: inout Columns) throws -> TaskItem {
        var task = TaskItem(
            id: try row.next(), definition: TaskDefinition(work: .prompt(""), submitter: 0, submittedAt: 0), pool: "",
            phase: .ready)
        for column in columns { try column.read(&task, &row) }
        if let variables = try row.optional(Data.self) { task.definition.environment = environment(variables) }
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

    /// The options without a column of their own; nil where there are none.
    private static func json(of options: TaskOptions) throws -> String? {
        var rest = options
        (rest.name, rest.priority, rest.key, rest.expires) = (nil, nil, nil, nil)
        (rest.timeout, rest.idleTimeout, rest.retries, rest.retryOn, rest.retryDelay) = (nil, nil, nil, nil, nil)
        return rest == TaskOptions() ? nil : try JSONColumn.text(of: rest)
    }

    private static func command(of work: Work) -> Data? {
        if case .command(let arguments) = work { joined(arguments) } else { nil }
    }

    private static func prompt(of work: Work) -> String? { if case .prompt(let text) = work { text } else { nil } }

    /// What is stored of an environment; nil for none.
    static func variables(of environment: [ByteString: ByteString]) -> Data? {
        environment.isEmpty ? nil : joined(environment.sorted { $0.key < $1.key }.map { $0.key + "=" + $0.value })
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
        data.withUnsafeBytes { $0.split(separator: 0, omittingEmptySubsequences: false).map { ByteString($0) } }
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

    private static func mask(of causes: [RetryCause]) -> Int { causes.reduce(0) { $0 | bit(of: $1) } }

    /// The causes of each mask, made once.
    private static let causesOfMask: [[RetryCause]] = (0..<1 << RetryCause.allCases.count).map { mask in
        RetryCause.allCases.filter { mask & bit(of: $0) != 0 }
    }

    /// Bits that this version does not know mean nothing to it.
    private static func causes(of mask: Int) -> [RetryCause] { causesOfMask[mask & (causesOfMask.count - 1)] }
}
