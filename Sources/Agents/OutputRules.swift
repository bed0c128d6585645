/// How the output of an agent is read.
public struct OutputRules: Sendable, Equatable {
    public enum Format: String, Sendable, CaseIterable {
        /// The whole output is the answer.
        case text
        /// The answer is in a JSON document, the first one that has what is looked for; what stands around it does not matter.
        case json
        /// Each line is a JSON document of its own.
        case jsonl
    }

    public enum Source: String, Sendable, CaseIterable {
        case stdout, stderr
        /// Standard output or, where nothing is found there, standard error.
        case both
        /// The file that `ORCH_RESULT_FILE` names.
        case file
    }

    public var format = Format.text
    public var source = Source.stdout
    public var text: [OutputExtractor] = []
    /// What is found only where it failed, and then is a sentence about it.
    public var error: [OutputExtractor] = []
    public var tokensIn: [OutputExtractor] = []
    public var tokensOut: [OutputExtractor] = []
    public var tokensCached: [OutputExtractor] = []
    /// In US dollars.
    public var cost: [OutputExtractor] = []
    /// Of JSON lines: what the last one of a whole result looks like.
    public var end: [OutputExtractor.Condition] = []
    /// Lines of which one is there wherever it succeeded; of text, that is all that shows it.
    public var required: [TextPattern] = []
    /// How long a program may still run, in milliseconds, after it has printed its whole result; nil: without limit.
    public var grace: Int64?

    public static let defaultGrace: Int64 = 2_000

    /// Whether it can be told from the output alone that the result is whole.
    public var showsItsEnd: Bool {
        switch format {
        case .text: false
        case .json: source != .file
        case .jsonl: source != .file && !end.isEmpty
        }
    }
}
