import OrchProtocol

/// One event, one line.
public enum EventText {
    /// `14:05:03  task.finished  42.1  default/2  failed: exited with status 3`, without a line feed.
    public static func line(_ event: Event, now: Timestamp, style: Style) -> String {
        let kind = event.kind.rawValue + String(repeating: " ", count: max(0, 14 - event.kind.rawValue.count))
        var parts = [style(.dim, LocalTime.short(event.at, now: now)), style(role(event), kind)]
        if let question = event.question {
            parts.append(SafeText.line(question))
        } else if let task = event.task {
            parts.append("\(task)" + (event.attempt.map { ".\($0)" } ?? ""))
        }
        if let place = event.worker ?? event.pool ?? event.gate { parts.append(SafeText.line(place)) }
        if let state = event.state, state != .queued, state != .running { parts.append(state.rawValue) }
        if let detail = event.detail {
            parts.append(SafeText.line(detail))
        } else if let outcome = event.outcome, !outcome.isSuccess {
            parts.append(OutcomeText.text(outcome))
        }
        if let by = event.by { parts.append("by " + SafeText.line(by)) }
        return parts.joined(separator: "  ")
    }

    private static func role(_ event: Event) -> Style.Role {
        switch event.kind {
        case .taskStarted, .taskRouting: .accent
        case .taskRetrying, .daemonDraining, .poolPaused, .poolDraining, .gateClosed, .questionAsked: .warning
        case .supervisorLost: .bad
        case .taskFinished: event.state == .succeeded ? .good : event.state == .failed ? .bad : .dim
        default: .plain
        }
    }
}
