import OrchProtocol

/// Everything about one task: `orchctl show`.
public struct TaskDetailText {
    private let task: TaskRecord
    private let now: Timestamp
    private let style: Style
    private let userName: (UInt32) -> String?

    /// - Parameter userName: what a user is called; nil for a number without a name.
    public init(
        _ task: TaskRecord, now: Timestamp, style: Style, userName: @escaping (UInt32) -> String? = { _ in nil }
    ) {
        self.task = task
        self.now = now
        self.style = style
        self.userName = userName
    }

    /// The text, its last line ended by a line feed.
    public var text: String {
        var text = style(.strong, "task \(task.id)") + "  " + style(TaskText.role(task), TaskText.state(task))
        // Its questions follow in full.
        if task.questions == nil { text += TaskText.reason(task).map { "  " + $0 } ?? "" }
        text += "\n" + table(facts)
        for question in task.questions ?? [] { text += "\n" + QuestionText.detail(question, now: now, style: style) }
        for attempt in task.attempts { text += "\n" + describe(attempt) }
        if let prompt = task.prompt { text += "\n" + style(.dim, "prompt") + "\n" + indented(prompt) }
        if let result = task.result {
            let heading = result.truncated ? "result (its beginning; orchctl logs has all of it)" : "result"
            text += "\n" + style(.dim, heading) + "\n" + indented(result.text)
        }
        return text
    }

    /// Name and value of what is set.
    private var facts: [(String, String?)] {
        [
            ("name", task.name.map(SafeText.line)),
            ("comment", task.comment.map { SafeText.line($0) }),
            ("command", task.arguments.map(SafeText.command)),
            ("pool", SafeText.line(task.pool)),
            ("model", task.model.map(SafeText.line)),
            ("thinking", task.thinking?.rawValue),
            ("route", task.route.map(SafeText.line)),
            ("needs", task.needs.map { SafeText.line($0.joined(separator: ", ")) }),
            ("gates", task.gates.map { SafeText.line($0.joined(separator: ", ")) }),
            ("result", task.resultSchema == nil ? nil : "must satisfy a JSON Schema (--json shows it)"),
            ("limits", task.resources.map(ResourceText.text)),
            ("started by", parent),
            ("may start", scope),
            ("files", task.files.map { files in SafeText.line(files.map(\.name).joined(separator: ", ")) }),
            ("directory", task.directory.map { SafeText.line($0) }),
            ("labels", labels),
            ("priority", task.priority == 0 ? nil : String(task.priority)),
            ("timeout", task.timeout.map(DurationText.text)),
            ("idle timeout", task.idleTimeout.map(DurationText.text)),
            ("retries", retries),
            ("key", task.key.map(SafeText.line)),
            ("user", SubmitterText.text(task.submitter, for: task.subject, userName)),
            ("submitted", moment(task.submittedAt)),
            ("due", moment(task.dueAt)),
            ("expires", moment(task.expires)),
            ("started", moment(task.startedAt)),
            ("finished", moment(task.finishedAt)),
        ]
    }

    private var parent: String? {
        task.parent.map { parent in
            let root = task.root.flatMap { $0 == parent ? nil : ", below task \($0)" } ?? ""
            return "task \(parent)\(root)\(task.detached == true ? "; detached" : "")"
        }
    }

    private var scope: String? {
        guard let scope = task.scope else { return nil }
        let parts = [
            scope.children.map { "at most \(counted($0, "task"))" }, scope.running.map { "\($0) at once" },
            scope.pools.map { $0.isEmpty ? "in no pool" : "in " + $0.joined(separator: ", ") },
            scope.cost.map { "for \(UsageText.cost($0)) together" },
        ]
        return SafeText.line(parts.compactMap(\.self).joined(separator: ", "))
    }

    private var labels: String? {
        guard let labels = task.labels, !labels.isEmpty else { return nil }
        return labels.sorted { $0.key < $1.key }.map { SafeText.line("\($0.key)=\($0.value)") }.joined(separator: " ")
    }

    private var retries: String? {
        guard task.retries > 0 else { return nil }
        let causes = task.retryOn.map(\.rawValue).joined(separator: ", ")
        return "\(task.attemptCount) of \(counted(task.retries + 1, "try", "tries")) made; tried again after: \(causes)"
    }

    private func moment(_ time: Timestamp?) -> String? { time.map { LocalTime.full($0, now: now) } }

    private func describe(_ attempt: AttemptRecord) -> String {
        let role: Style.Role = attempt.outcome.map { $0.isSuccess ? .good : .bad } ?? .accent
        let heading = style(.strong, "attempt \(task.id).\(attempt.number)") + "  "
        let took = attempt.startedAt.map { RelativeTime.between($0, attempt.endedAt ?? now) }
        let processor = attempt.cpuUser.map {
            "\(DurationText.text($0)) user, \(DurationText.text(attempt.cpuSystem ?? 0)) system"
        }
        return heading + style(role, OutcomeText.text(attempt)) + "\n"
            + table([
                (
                    "worker",
                    attempt.worker.map { worker in
                        SafeText.line(worker) + (attempt.pid.map { ", pid \($0)" } ?? "")
                    }
                ),
                ("branch", attempt.branch.map(SafeText.line)),
                ("started", moment(attempt.startedAt)),
                ("took", took),
                ("paused", attempt.pausedSince.map { "since \(LocalTime.full($0, now: now))" }),
                ("was paused", attempt.pausedFor.map { "for \(DurationText.text($0))" }),
                ("processor", processor),
                ("peak memory", attempt.peakMemory.map(ByteText.text)),
                ("disks", disks(attempt)),
                ("waited", waits(attempt)),
                ("tokens", attempt.usage.flatMap(UsageText.tokens)),
                ("cost", attempt.usage?.cost.map(UsageText.cost)),
                ("files", attempt.files.map { files($0, attempt) }),
            ])
            + table((attempt.leftBehind ?? []).map { ("left behind", FileTable.text($0)) })
    }

    private func disks(_ attempt: AttemptRecord) -> String? {
        guard let read = attempt.bytesRead, let written = attempt.bytesWritten else { return nil }
        return "\(ByteText.text(read)) read, \(ByteText.text(written)) written"
    }

    /// What it waited for, as far as that is worth a word.
    private func waits(_ attempt: AttemptRecord) -> String? {
        let all = [(attempt.cpuStalled, "processors"), (attempt.memoryStalled, "memory"), (attempt.ioStalled, "disks")]
        let told = all.compactMap { seconds, what in
            seconds.flatMap { $0 >= 0.01 ? "\(DurationText.text($0)) for \(what)" : nil }
        }
        return told.isEmpty ? nil : told.joined(separator: ", ")
    }

    private func files(_ files: [ResultFile], _ attempt: AttemptRecord) -> String {
        let size = ByteText.text(files.reduce(0) { $0 + $1.size })
        let number = attempt.number == task.attempts.last?.number ? "" : " --attempt \(attempt.number)"
        return "\(files.count), \(size): orchctl files\(number) \(task.id)"
    }

    private func table(_ facts: [(String, String?)]) -> String {
        facts.map { name, value in
            guard let value else { return "" }
            return "  " + style(.dim, name) + String(repeating: " ", count: max(1, 14 - name.count)) + value + "\n"
        }.joined()
    }

    private func indented(_ text: String) -> String {
        var text = text
        if text.hasSuffix("\n") { text.removeLast() }
        return SafeText.block(text).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
    }
}
