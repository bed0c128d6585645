import DiscordAPI
import OrchProtocol
import Presentation
import Text

/// How a task looks in Discord.
public struct TaskCard: Sendable {
    private let reactions: BridgeConfiguration.Reactions
    private let answerMessages: Int

    public init(_ configuration: BridgeConfiguration) {
        reactions = configuration.reactions
        answerMessages = configuration.answerMessages
    }

    /// What stands below the message of the task.
    public func reaction(_ task: TaskRecord) -> String {
        switch task.standing {
        case .succeeded: reactions.succeeded
        case .failed, .expired: reactions.failed
        case .cancelled: reactions.cancelled
        case .running, .stopping, .asking: reactions.running
        case .held, .paused: reactions.paused
        default: reactions.queued
        }
    }

    /// The name of the task's thread.
    public static func threadName(_ task: Int64, _ text: String) -> String {
        "\(task) · \(SafeText.line(text))".shortened(to: 90)
    }

    /// What is in the thread as long as there is one: where the task stands.
    public func card(_ task: TaskRecord, askedBy author: String) -> Content {
        var content = Content(card: box(task, askedBy: author))
        content.card?.fields = fields(task)
        content.buttons = buttons(task)
        return content
    }

    /// What `#results` gets once the task has ended.
    public func end(_ task: TaskRecord, askedBy author: String, thread: Snowflake) -> Content {
        var box = box(task, askedBy: author)
        let preview = LegacyResult.preview(task)
        box.body =
            (task.state == .succeeded ? preview.isEmpty ? nil : DiscordText.markdown(preview) : body(task))
            .map { $0 + "\n<#\(thread)>" } ?? "<#\(thread)>"
        box.fields = fields(task).filter { $0.name != "Worker" }
        return Content(card: box)
    }

    /// The same as the line that the old scripts wrote.
    public func legacyEnd(_ task: TaskRecord) -> Content {
        Content(text: DiscordText.fenced(String(LegacyResult.line(task).dropLast())))
    }

    /// The answer, in as many messages as it may take; else its beginning, and the whole as a file.
    public func answer(_ task: TaskRecord) -> [Content] {
        guard let result = task.result, !DiscordText.trimmed(result.text).isEmpty else { return [] }
        let chunks = Chunks.of(DiscordText.markdown(result.text))
        guard chunks.count > answerMessages || result.truncated else { return chunks.map { Content(text: $0) } }
        let note = result.truncated ? "\n*(the first MiB; `orchctl logs \(task.id)` has all of it)*" : ""
        var first = Content(text: (answerMessages == 0 ? "The answer is in the file." : chunks[0]) + note)
        first.files = [.init(name: "answer-\(task.id).md", text: result.text)]
        return [first]
    }

    /// The answer in one message: its text, or a file where it is too long. Nil where there is none.
    public func wholeAnswer(_ task: TaskRecord) -> Content? {
        guard let result = task.result, !DiscordText.trimmed(result.text).isEmpty else { return nil }
        let chunks = Chunks.of(DiscordText.markdown(result.text))
        guard chunks.count > 1 || result.truncated else { return Content(text: chunks[0]) }
        return Content(
            text: "The answer of task \(task.id) is in the file.",
            files: [.init(name: "answer-\(task.id).md", text: result.text)])
    }

    /// What stands for a task that was not written as a message: who asks, for what. The prompt is a quotation, so it cannot look
    /// like a word of the bridge's.
    public static func asked(_ spec: TaskSpec, _ files: [Attachment] = [], by author: String) -> Content {
        let details = [
            spec.pool.map { "pool \($0)" }, spec.model.map { "model \($0)" }, spec.thinking.map { "thinking \($0.rawValue)" },
            spec.priority.flatMap { $0 == 0 ? nil : "priority \($0)" },
        ].compactMap { $0.map { DiscordText.line($0, atMost: 80) } }
        let chunks = Chunks.of(DiscordText.markdown(spec.prompt ?? ""), length: 1200)
        let lines = chunks[0].split(separator: "\n", omittingEmptySubsequences: false)
        let isWhole = chunks.count == 1 && lines.count <= askedLines
        let quotation = lines.prefix(askedLines).map { "> \($0)" } + (isWhole ? [] : ["> …"])
        let head = "**\(DiscordText.line(author, atMost: 60))** asks (\(details.joined(separator: ", "))):"
        let names =
            files.isEmpty ? [] : ["With " + files.map { DiscordText.line($0.filename, atMost: 60) }.joined(separator: ", ")]
        return Content(text: ([head] + quotation + names).joined(separator: "\n"))
    }

    private static let askedLines = 25

    /// What `#results` gets instead of too many cards.
    public static func summary(_ states: [(task: Int64, state: String)]) -> Content {
        let counts = Dictionary(grouping: states, by: \.state).map { "\($0.value.count) \($0.key)" }.sorted()
        let failed = states.filter { $0.state != TaskState.succeeded.rawValue }.prefix(40).map { "\($0.task)" }
        var box = Content.Card(title: "\(states.count) tasks have ended", colour: Self.grey)
        box.body = counts.joined(separator: ", ")
        if !failed.isEmpty { box.fields = [.init("Not succeeded", failed.joined(separator: ", "))] }
        if let first = states.first?.task, let last = states.last?.task { box.footer = "tasks \(first) to \(last)" }
        return Content(card: box)
    }

    /// Why a message has become no task.
    public static func refusal(_ reason: String, of message: Snowflake) -> Content {
        var content = Content(text: "No task: \(DiscordText.line(reason, atMost: 800)).")
        content.answers = message
        return content
    }

    // MARK: Parts

    private func box(_ task: TaskRecord, askedBy author: String) -> Content.Card {
        var box = Content.Card(
            title: "\(reaction(task)) \(DiscordText.line(TaskText.title(task), atMost: 150))", body: body(task),
            colour: Self.colour(task))
        box.footer = "task \(task.id) · \(SafeText.line(author).shortened(to: 60))"
        return box
    }

    private func body(_ task: TaskRecord) -> String {
        let state = TaskText.state(task)
        let why = TaskText.reason(task) ?? task.attempts.last?.outcome.map(OutcomeText.text)
        guard task.state != .succeeded, let why else { return "**\(state)**" }
        return "**\(state)**: \(DiscordText.line(why, atMost: 600))"
    }

    private func fields(_ task: TaskRecord) -> [Content.Field] {
        let attempt = task.attempts.last
        let cost = task.attempts.compactMap(\.usage?.cost)
        let all: [(String, String?)] = [
            ("Pool", task.pool), ("Worker", task.state == .running ? attempt?.worker : nil), ("Model", task.model),
            ("Thinking", task.thinking?.rawValue), ("Chosen by", task.route),
            ("Priority", task.priority == 0 ? nil : String(task.priority)),
            ("Attempt", task.attemptCount > 1 ? String(task.attemptCount) : nil),
            ("Follows up", task.labels?["discord.follows"].map { $0.split(separator: " ").joined(separator: " → ") }),
            ("Took", task.startedAt.flatMap { start in task.finishedAt.map { RelativeTime.between(start, $0) } }),
            ("Tokens", attempt?.usage.flatMap(UsageText.tokens)),
            ("Cost", cost.isEmpty ? nil : UsageText.cost(cost.reduce(0) { $0.addingReportingOverflow($1).partialValue })),
        ]
        return all.compactMap { name, value in value.map { Content.Field(name, DiscordText.line($0)) } }
    }

    private func buttons(_ task: TaskRecord) -> [Content.Button] {
        switch task.state {
        case .queued: [.init("Cancel", ButtonID(.stop, task.id), .bad), .init("Raise priority", ButtonID(.raise, task.id))]
        case .running: [.init("Cancel", ButtonID(.stop, task.id), .bad), .init("Logs", ButtonID(.logs, task.id))]
        case .succeeded: [.init("Logs", ButtonID(.logs, task.id))]
        default: [.init("Retry", ButtonID(.retry, task.id), .good), .init("Logs", ButtonID(.logs, task.id))]
        }
    }

    private static let grey = 0x95_A5A6

    private static func colour(_ task: TaskRecord) -> Int {
        switch task.state {
        case .queued: 0xF1_C40F
        case .running: 0x34_98DB
        case .succeeded: 0x2E_CC71
        case .failed, .expired: 0xE7_4C3C
        default: grey
        }
    }
}
