import OrchProtocol

/// What the end of an attempt means.
enum AttemptVerdict: Equatable {
    case outcome(Outcome, reason: String)
    /// It does not count as an attempt: back to the queue.
    case again(reason: String)
    /// Its agent has used up an allowance: back to the queue until that is over.
    case limited(AgentFailure)

    init(_ end: AttemptEnd, of attempt: Attempt, task: TaskItem) {
        // Whatever else it did by itself, it has not kept to what it may write.
        if let limit = end.exceeds, !end.stopped || attempt.stopping == .outputLimit, !end.isLost {
            self = .outcome(
                Outcome(.outputLimit),
                reason: "\(StopCause.outputLimit.sentence(for: task)), \(SizeText.text(limit)); the rest is not kept"
            )
            return
        }
        // A warm worker that has said how its task ended counts by that, however its process ends.
        switch attempt.delivery {
        case .succeeded:
            if let failure = end.failure, failure.kind == .schema {
                self = .outcome(Outcome(.failed, failure: .schema), reason: failure.message)
                return
            }
            if case .lost(let reason) = end.ending, task.definition.resultSchema != nil {
                self = .outcome(Outcome(.lost), reason: "\(reason), before its result was checked against its schema")
                return
            }
            self = .outcome(Outcome(.exited, code: 0), reason: attempt.reason ?? "its worker reported success")
            return
        case .failed:
            self = .outcome(Outcome(.failed), reason: attempt.reason ?? "its worker reported a failure")
            return
        default: break
        }
        self.init(end, stopping: attempt.stopping, task: task)
        // Which one it was is kept with the attempt.
        if case .outcome(let outcome, _) = self, outcome.kind == .overBudget, let verdict = attempt.reason {
            self = .outcome(outcome, reason: "ended: \(verdict)")
        }
        if case .outcome(let outcome, _) = self, outcome.kind == .cancelled, let by = attempt.cancelledReason {
            self = .outcome(outcome, reason: by)
        }
        guard !(end.stopped && attempt.stopping != nil), case .outcome(let outcome, let reason) = self else { return }
        switch (attempt.delivery, end.ending) {
        // What it has said is lost with it.
        case (_, .lost): break
        case (.given, _) where end.isUnread, (.accepted, _) where end.isUnread:
            self = .outcome(Outcome(.lost), reason: "the result of its worker was lost with the supervisor")
        // It has not said that it has the task, so it has done nothing of it.
        case (.given, _):
            if let stopping = attempt.stopping {
                let by = stopping == .cancelled ? attempt.cancelledReason : nil
                self = .outcome(Outcome(stopping), reason: by ?? stopping.sentence(for: task))
            } else {
                self = .again(reason: "a worker did not take its task: \(end.stopped ? "it was ended" : reason)")
            }
        case (.accepted, _) where outcome.isSuccess:
            self = .outcome(Outcome(.noResult, code: 0), reason: "its worker exited with status 0 without a result")
        default: break
        }
    }

    /// - Parameter stopping: why the engine had asked for its end, if it had.
    init(_ end: AttemptEnd, stopping: StopCause?, task: TaskItem) {
        // A stop that came too late to matter does not change what the attempt did by itself.
        if end.stopped, let stopping {
            if stopping == .finished, end.hasWholeResult {
                self = Self(of: end, code: 0, "printed its whole result, did not end by itself, and was ended")
                return
            }
            self = .outcome(Outcome(stopping), reason: stopping.sentence(for: task))
            return
        }
        switch end.ending {
        // Many programs answer SIGTERM with status 0, so that it does not tell whether the work was done.
        case .exited where end.stopped, .signalled where end.stopped:
            self = .outcome(Outcome(.lost), reason: "ended because the supervisor was stopped")
        case .exited(0): self = Self(of: end, code: 0, "exited with status 0")
        case .exited where end.outOfMemory, .signalled where end.outOfMemory:
            self = .outcome(Outcome(.outOfMemory), reason: "killed by the kernel: out of memory")
        case .exited(let status): self = Self(of: end, code: Int(status), "exited with status \(status)")
        case .signalled(let signal):
            let core = end.dumpedCore ? " (core dumped)" : ""
            self = .outcome(
                Outcome(.signalled, code: Int(signal)), reason: Self.quoting(end, "killed by \(signalName(signal))\(core)"))
        case .failedToStart(let reason): self = .outcome(Outcome(.spawnFailed), reason: reason)
        case .lost(let reason): self = .outcome(Outcome(.lost), reason: reason)
        case .shortOfResources(let reason): self = .again(reason: reason)
        }
    }

    /// How it ended, and what it has said itself.
    private static func quoting(_ end: AttemptEnd, _ reason: String) -> String {
        [reason, end.stderrTail].compactMap(\.self).joined(separator: ": ")
    }

    /// By what its agent's output says, or else by its exit status.
    private init(of end: AttemptEnd, code: Int, _ reason: String) {
        switch end.failure {
        case nil:
            self = .outcome(Outcome(.exited, code: code), reason: Self.quoting(end, reason))
        case let failure? where failure.kind.isLimit: self = .limited(failure)
        case let failure? where failure.kind == .empty: self = .outcome(Outcome(.noResult, code: code), reason: failure.message)
        case let failure?:
            self = .outcome(Outcome(.failed, code: code, failure: failure.kind), reason: failure.message)
        }
    }
}

extension Attempt {
    /// By whom it was cancelled, in words, where that is not the owner of the task.
    fileprivate var cancelledReason: String? { reason.flatMap { $0.has(prefix: "cancelled by ") ? $0 : nil } }
}

extension Outcome {
    init(_ cause: StopCause) {
        let kind: Kind =
            switch cause {
            case .cancelled: .cancelled
            case .runTimeout: .runTimeout
            case .idleTimeout: .idleTimeout
            case .outputLimit: .outputLimit
            case .shutdown: .lost
            // Without the result that seemed to be there.
            case .finished: .noResult
            case .budget: .overBudget
            }
        self.init(kind, code: nil)
    }
}

extension StopCause {
    func sentence(for task: TaskItem) -> String {
        switch self {
        case .cancelled: "cancelled"
        case .runTimeout: "ran longer than its timeout of \(seconds(task.timeout))"
        case .idleTimeout: "wrote no output for \(seconds(task.idleTimeout))"
        case .outputLimit: "wrote more output than its pool allows"
        case .shutdown: "ended because the daemon was stopped"
        case .finished: "stopped because its result looked complete, but it was not"
        case .budget: "ended because its budget is spent"
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
