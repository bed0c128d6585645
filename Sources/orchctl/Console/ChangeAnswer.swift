import Presentation

/// What a method answers that has nothing to say but that it was done, and perhaps a sentence.
struct ChangeAnswer: Decodable {
    var message: String?

    /// The sentence, or ours where there is none.
    func text(else ours: String) -> String { SafeText.line(message ?? ours) + "\n" }
}
