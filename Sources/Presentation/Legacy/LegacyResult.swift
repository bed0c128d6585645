import OrchProtocol

/// A finished task as the old scripts told of it: `task-id|worker-id|STATUS|timestamp|result-preview`.
public enum LegacyResult {
    /// How many characters (Unicode scalars) of a result are shown. One that is longer is cut there and ends in `…`, the only
    /// way for a preview to have one more.
    public static let previewLength = 200

    /// The line, with its line feed.
    public static func line(_ task: TaskRecord) -> String {
        LegacyLine.text([
            task.key.flatMap(LegacyID.id) ?? String(task.id), task.attempts.last?.worker ?? "", status(task.state),
            task.finishedAt?.description ?? "", preview(task),
        ]) + "\n"
    }

    /// The beginning of its result; where there is none, how it ended.
    public static func preview(_ task: TaskRecord) -> String {
        let result = task.result?.text ?? ""
        let whole = task.state == .succeeded || !result.isEmpty ? result : task.reason ?? ""
        // A program ends its output with a line feed that is not part of the answer.
        let scalars = (whole.hasSuffix("\n") ? whole.dropLast() : whole[...]).unicodeScalars
        let isCut = scalars.index(scalars.startIndex, offsetBy: previewLength + 1, limitedBy: scalars.endIndex) != nil
        return isCut ? String(scalars.prefix(previewLength)) + "…" : String(scalars)
    }

    /// As much of a result as its preview needs.
    public static func head(of text: String) -> String { String(text.unicodeScalars.prefix(previewLength + 2)) }

    private static func status(_ state: TaskState) -> String {
        state == .succeeded ? "SUCCESS" : state.rawValue.uppercased()
    }
}
