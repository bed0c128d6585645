import FoundationEssentials
import OrchProtocol
import Presentation

@testable import OrchClient

/// A line from the daemon, as the client reads and shows it.
enum AnswersTarget: FuzzTarget {
    static let name = "answers"

    private static let now = Timestamp(milliseconds: 1_795_371_903_250)

    static func check(_ input: [UInt8]) throws {
        guard let envelope = try? Envelope(input) else { return }
        if let result = try? envelope.result() {
            var scanner = JSONScanner(result)
            try hold((try? scanner.value())?.upperBound == result.count, "a result that is no JSON value")
            if let task = try? Wire.decode(TaskRecord.self, from: Data(result)) { try show(task) }
        }
        guard let notification = try? envelope.notification() else { return }
        let line = try Wire.line(notification)
        try hold(Wire.decode(Notification.self, from: line) == notification, "another notification after a round trip")
        switch notification {
        case .event(_, let event):
            try hold(Wire.decode(Event.self, from: event.line) == event, "another event after its own line")
            try isOneLine(EventText.line(event, now: now, style: .plain))
            _ = event.outcome?.exitStatus
        case .finished(_, let task): try show(task)
        case .omitted, .output, .backup, .file: break
        }
    }

    private static func show(_ task: TaskRecord) throws {
        _ = TaskDetailText(task, now: now, style: .plain).text
        try isOneLine(TaskText.title(task))
        try isOneLine(TaskText.ending(task))
        try isOneLine(TaskText.duration(task, now: now))
        for attempt in task.attempts {
            _ = attempt.outcome?.exitStatus
            try isOneLine(OutcomeText.text(attempt))
        }
    }

    private static func isOneLine(_ text: String) throws {
        try hold(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a daemon can steer the terminal: \(text.debugDescription)")
    }
}
