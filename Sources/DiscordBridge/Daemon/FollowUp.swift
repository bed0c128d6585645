import OrchProtocol
import Presentation
import Text

/// A prompt that continues an earlier task: it has the earlier request and its answer in it, as far as there is room.
enum FollowUp {
    /// Why a task cannot be continued, as a sentence without its full stop.
    struct Refused: Error {
        var reason: String
    }

    private static let requestBytes = 8 << 10
    private static let answerBytes = 32 << 10

    /// - Parameter record: nil where the daemon does not know the task any more.
    static func `continue`(_ id: Int64, _ record: TaskRecord?, in spec: inout TaskSpec) throws(Refused) {
        guard let record else { throw Refused(reason: "orchd no longer knows task \(id), so there is nothing to continue") }
        guard record.state.isFinal else {
            throw Refused(
                reason: record.standing == .asking
                    ? "task \(id) asks something: use the buttons below its question"
                    : "task \(id) has not ended: write again when it has")
        }
        guard let prompt = spec.prompt else { return }
        let tags = InlineTags(prompt)
        if spec.pool == record.pool {
            if tags.model == nil { spec.model = spec.model ?? record.model }
            if tags.thinking == nil { spec.thinking = spec.thinking ?? record.thinking }
        }
        let answer = record.result.map(\.text) ?? ""
        let parts = [
            "This continues an earlier conversation.", "The earlier request:", cut(request(record), requestBytes),
            answer.isEmpty
                ? "It ended without an answer: \(TaskText.reason(record) ?? record.state.rawValue)." : "The answer to it:",
            answer.isEmpty ? nil : cut(answer, answerBytes), "The request now:", String(tags.rest),
        ]
        spec.prompt = prompt[..<tags.rest.startIndex] + parts.compactMap(\.self).joined(separator: "\n\n")
    }

    private static func request(_ record: TaskRecord) -> String {
        record.prompt ?? (record.arguments ?? []).map { $0.shellQuoted() }.joined(separator: " ")
    }

    /// The end of a text, where the latest is.
    private static func cut(_ text: String, _ bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var rest = text.unicodeScalars.suffix(bytes)
        while String(rest).utf8.count > bytes { rest = rest.dropFirst(rest.count / 8 + 1) }
        return "[…]" + String(rest)
    }
}
