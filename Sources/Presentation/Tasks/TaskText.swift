import OrchProtocol

/// One task in few words.
public enum TaskText {
    /// What the task is: its name, or its command, or the beginning of its prompt.
    public static func title(_ task: TaskRecord) -> String {
        if let name = task.name { return SafeText.line(name) }
        if let command = task.arguments { return SafeText.command(command) }
        return SafeText.line((task.prompt ?? "").shortened(to: 399))
    }

    /// Where it stands: its state, or why it is not running, or what it is doing.
    public static func state(_ task: TaskRecord) -> String { SafeText.line(task.standing.rawValue) }

    /// Why, in words; nil where that says no more than its state.
    public static func reason(_ task: TaskRecord) -> String? {
        if let question = task.questions?.first { return "asks \(SafeText.line(question.id)): \(SafeText.line(question.text))" }
        if let progress = task.progress { return ProgressText.text(progress) }
        guard let reason = task.reason, !reason.isEmpty, reason != task.standing.rawValue else { return nil }
        return SafeText.line(reason)
    }

    /// The colour of its state.
    public static func role(_ task: TaskRecord) -> Style.Role {
        switch task.state {
        case .queued: task.waiting == .blocked || task.waiting == .limited ? .warning : .plain
        case .running: task.standing == .running ? .accent : .warning
        case .succeeded: .good
        case .failed: .bad
        default: .dim
        }
    }

    /// How long it has waited, has run or ran: what is of interest in its state.
    public static func duration(_ task: TaskRecord, now: Timestamp) -> String {
        switch (task.state, task.startedAt, task.finishedAt) {
        case (.queued, _, _): RelativeTime.text(task.submittedAt, now: now)
        case (_, let started?, let finished?): RelativeTime.between(started, finished)
        case (_, let started?, nil): RelativeTime.between(started, now)
        case (_, nil, let finished?): RelativeTime.text(finished, now: now)
        case (_, nil, nil): RelativeTime.text(task.submittedAt, now: now)
        }
    }

    /// A sentence about a task that has not ended: `task 42 is delayed: not before 14:05`.
    public static func standing(_ task: TaskRecord) -> String {
        "task \(task.id) is \(state(task))" + (reason(task).map { ": " + $0 } ?? "")
    }

    /// A sentence about a task that has ended: `task 42 failed: exited with status 3`.
    public static func ending(_ task: TaskRecord) -> String {
        let why =
            task.state == .succeeded
            ? nil : task.reason == nil ? task.attempts.last?.outcome.map(OutcomeText.text) : reason(task)
        return "task \(task.id) \(task.state.rawValue)" + (why.map { ": " + $0 } ?? "")
    }
}

/// How attempts and tasks ended, in words.
public enum OutcomeText {
    /// As in "it …": `exited with status 3`.
    public static func text(_ outcome: Outcome) -> String {
        switch outcome.kind {
        case .exited: outcome.code == 0 ? "succeeded" : "exited with status \(outcome.code ?? 1)"
        case .signalled: "was killed by \(signalName(Int32(clamping: outcome.code ?? 0)))"
        case .lost: "was lost with its supervisor"
        case .cancelled: "was stopped"
        case .runTimeout: "ran longer than its timeout"
        case .idleTimeout: "wrote nothing for longer than its idle timeout"
        case .outOfMemory: "ran out of memory"
        case .outputLimit: "wrote more output than allowed"
        case .spawnFailed: "could not be started"
        case .noResult: "ended without a result"
        case .failed: "failed" + (outcome.failure.map { " (\(SafeText.line($0.rawValue)))" } ?? "")
        case .limited: "met a limit" + (outcome.failure.map { " (\(SafeText.line($0.rawValue)))" } ?? "")
        case .overBudget: "was ended because a budget is spent"
        default: "ended (\(SafeText.line(outcome.kind.rawValue)))"
        }
    }

    /// How an attempt stands: in the daemon's own words where it has ended badly.
    public static func text(_ attempt: AttemptRecord) -> String {
        guard let outcome = attempt.outcome else {
            return attempt.state == .running ? "running" : attempt.state == .dispatched ? "about to start" : "ended"
        }
        // What the program of a rule chose is said where it succeeded, too.
        if attempt.number == 0, let reason = attempt.reason { return SafeText.line(reason) }
        guard let reason = attempt.reason, !outcome.isSuccess else { return text(outcome) }
        return SafeText.line(reason)
    }
}

/// `memory 2.0 GiB, cpu 1.5`.
enum ResourceText {
    static func text(_ limits: ResourceLimits) -> String {
        limits.all.map { resource, amount in
            let number = Int64(exactly: amount)
            let text = number.map { resource.isBytes ? ByteText.text($0) : String($0) } ?? String(amount)
            return "\(resource.rawValue) \(text)"
        }.joined(separator: ", ")
    }
}
