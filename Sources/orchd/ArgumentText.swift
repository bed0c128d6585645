import ArgumentParser
import OrchProtocol
import Presentation

/// Arguments to values, with errors that say what would have been right.
enum ArgumentText {
    /// The name of a file or a directory. An empty one would be the current directory, which nobody has said.
    static func path(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("must be a path, and is empty") }
        return text
    }

    /// A length of time, in whole seconds.
    static func seconds(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
        { text in
            guard let seconds = DurationText.seconds(text), seconds >= 0, seconds <= Double(range.upperBound),
                range.contains(Int(seconds.rounded(.up)))
            else {
                let (low, high) = (DurationText.text(Double(range.lowerBound)), DurationText.text(Double(range.upperBound)))
                throw ValidationError(
                    "must be a duration from \(low) to \(high), such as \(DurationText.forms), not "
                        + ArgumentComplaint.quoted(text))
            }
            return Int(seconds.rounded(.up))
        }
    }
}
