import OrchProtocol

/// What the end of an attempt means.
enum AttemptVerdict: Equatable {
    case outcome(Outcome, reason: String)
    /// It does not count as an attempt: back to the queue.
    case again(reason: String)
    /// Its agent has used up an allowance: back to the queue until that is over.
    case limited(AgentFailure)

    static func judge(_ end: AttemptEnd, of attempt: Attempt, task: TaskItem) -> Self {
        // Whatever else it did by itself, it has not kept to what it may write.
        if let limit = end.exceeds, !end.stopped || attempt.stopping == .outputLimit, !end.isLost {
            let (kind, sentence) = StopCause.outputLimit.meaning(for: task)
            return .outcome(Outcome(kind), reason: "\(sentence), \(SizeText.text(limit)); the rest is not kept")
        }
        // A warm worker that has said how its task ended counts by that, however its process ends.
        switch attempt.delivery {
        case .succeeded:
            if let failure = end.failure, failure.kind == .schema {
                return .outcome(Outcome(.failed, failure: .schema), reason: failure.message)
            }
            if case .lost(let reason) = end.ending, task.definition.resultSchema != nil {
                return .outcome(Outcome(.lost), reason: "\(reason), before its result was checked against its schema")
            }
            return .outcome(Outcome(.exited, code: 0), reason: attempt.reason ?? "its worker reported success")
        case .failed: return .outcome(Outcome(.failed), reason: attempt.reason ?? "its worker reported a failure")
        default: break
        }
        var verdict = judge(end, stopping: attempt.stopping, task: task)
        guard case .outcome(let outcome, let reason) = verdict else { return verdict }
        // Which one it was is kept with the attempt.
        if outcome.kind == .overBudget, let budget = attempt.reason { return .outcome(outcome, reason: "ended: \(budget)") }
        if outcome.kind == .cancelled, let by = attempt.cancelledReason { verdict = .outcome(outcome, reason: by) }
        guard !end.stopped || attempt.stopping == nil else { return verdict }
        switch (attempt.delivery, end.ending) {
        // What it has said is lost with it.
        case (_, .lost): return verdict
        case (.given, _) where end.isUnread, (.accepted, _) where end.isUnread:
            return .outcome(Outcome(.lost), reason: "the result of its worker was lost with the supervisor")
        // It has not said that it has the task, so it has done nothing of it.
        case (.given, _):
            guard let stopping = attempt.stopping else {
                return .again(reason: "a worker did not take its task: \(end.stopped ? "it was ended" : reason)")
            }
            let meaning = stopping.meaning(for: task)
            let by = stopping == .cancelled ? attempt.cancelledReason : nil
            return .outcome(Outcome(meaning.kind), reason: by ?? meaning.sentence)
        case (.accepted, _) where outcome.isSuccess:
            return .outcome(Outcome(.noResult, code: 0), reason: "its worker exited with status 0 without a result")
        default: return verdict
        }
    }

    /// - Parameter stopping: why the engine had asked for its end, if it had.
    static func judge(_ end: AttemptEnd, stopping: StopCause?, task: TaskItem) -> Self {
        // A stop that came too late to matter does not change what the attempt did by itself.
        if end.stopped, let stopping {
            guard stopping == .finished, end.hasWholeResult else { return stopped(by: stopping, task) }
            return said(by: end, code: 0, "printed its whole result, did not end by itself, and was ended")
        }
        switch end.ending {
        // Many programs answer SIGTERM with status 0, so that it does not tell whether the work was done.
        case .exited where end.stopped, .signalled where end.stopped:
            return .outcome(Outcome(.lost), reason: "ended because the supervisor was stopped")
        case .exited(0): return said(by: end, code: 0, "exited with status 0")
        case .exited where end.outOfMemory, .signalled where end.outOfMemory:
            return .outcome(Outcome(.outOfMemory), reason: "killed by the kernel: out of memory")
        case .exited(let status): return said(by: end, code: Int(status), "exited with status \(status)")
        case .signalled(let signal):
            let killed = "killed by \(signalName(signal))\(end.dumpedCore ? " (core dumped)" : "")"
            return .outcome(Outcome(.signalled, code: Int(signal)), reason: quoting(end, killed))
        case .failedToStart(let reason): return .outcome(Outcome(.spawnFailed), reason: reason)
        case .lost(let reason): return .outcome(Outcome(.lost), reason: reason)
        case .shortOfResources(let reason): return .again(reason: reason)
        }
    }

    private static func stopped(by cause: StopCause, _ task: TaskItem) -> Self {
        let (kind, sentence) = cause.meaning(for: task)
        return .outcome(Outcome(kind), reason: sentence)
    }

    /// How it ended, and what it has said itself.
    private static func quoting(_ end: AttemptEnd, _ reason: String) -> String {
        [reason, end.stderrTail].compactMap(\.self).joined(separator: ": ")
    }

    /// By what its agent's output says, or else by its exit status.
    private static func said(by end: AttemptEnd, code: Int, _ reason: String) -> Self {
        switch end.failure {
        case nil: .outcome(Outcome(.exited, code: code), reason: quoting(end, reason))
        case let failure? where failure.kind.isLimit: .limited(failure)
        case let failure? where failure.kind == .empty: .outcome(Outcome(.noResult, code: code), reason: failure.message)
        case let failure?: .outcome(Outcome(.failed, code: code, failure: failure.kind), reason: failure.message)
        }
    }
}

extension Attempt {
    /// By whom it was cancelled, in words, where that is not the owner of the task.
    fileprivate var cancelledReason: String? { reason.flatMap { $0.has(prefix: "cancelled by ") ? $0 : nil } }
}

extension StopCause {
    /// How an attempt ends that was ended for it, and what is said of that.
    func meaning(for task: TaskItem) -> (kind: Outcome.Kind, sentence: String) {
        switch self {
        case .cancelled: (.cancelled, "cancelled")
        case .runTimeout: (.runTimeout, "ran longer than its timeout of \(seconds(task.timeout))")
        case .idleTimeout: (.idleTimeout, "wrote no output for \(seconds(task.idleTimeout))")
        case .outputLimit: (.outputLimit, "wrote more output than its pool allows")
        case .shutdown: (.lost, "ended because the daemon was stopped")
        // Without the result that seemed to be there.
        case .finished: (.noResult, "stopped because its result looked complete, but it was not")
        case .budget: (.overBudget, "ended because its budget is spent")
        }
    }
}

/// A duration for a sentence: `2 s`, `0.25 s`.
private func seconds(_ milliseconds: Int64?) -> String {
    guard let milliseconds else { return "?" }
    guard milliseconds % 1000 != 0 else { return "\(milliseconds / 1000) s" }
    var fraction = String(milliseconds % 1000 + 1000).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(milliseconds / 1000).\(fraction) s"
}
