import OrchProtocol
import Text

/// How it goes to ask the program of a rule about a job. The program reads it from the labels of its task.
struct RouteBehaviour: Sendable, Equatable {
    enum Answer: String, CaseIterable, Sendable {
        case good
        /// Around its answer it says something else.
        case noisy
        /// Nothing of it is any good.
        case bad
        case garbage
        case nothing

        var text: String {
            switch self {
            case .good: "{\"model\":\"\(RouteBehaviour.model)\",\"priority\":2,\"pool\":\"\(Plan.otherPool)\"}\n"
            case .noisy: "Well:\n{\"model\":\"\(RouteBehaviour.model)\"} I think.\n"
            case .bad: "{\"model\":7,\"pool\":\"nowhere\",\"thinking\":\"hard\",\"priority\":\"high\"}\n"
            case .garbage: "no idea\n"
            case .nothing: ""
            }
        }
    }

    static let program = "router"
    static let label = "asks"
    /// What a good answer chooses, and the rule, and a client.
    static let model = "sim/chosen"
    static let defaultModel = "sim/default"
    static let givenModel = "sim/given"

    var answer = Answer.good
    /// Milliseconds.
    var duration: Int64 = 10
    var ending = Job.Ending.success
    /// The client leaves nothing of this to the program.
    var givesModel = false
    var givesPool = false

    var value: String { "\(answer.rawValue),\(duration),\(ending.rawValue)" }

    init() {}

    /// What a program finds on its standard input.
    init?(question: JSONValue) {
        guard case .object(let members) = question, case .object(let labels) = members["labels"],
            case .string(let value) = labels[ExactText(Self.label)]
        else { return nil }
        let words = value.split(separator: ",").map(String.init)
        guard words.count == 3, let answer = Answer(rawValue: words[0]), let duration = Int64(words[1]),
            let ending = Job.Ending(rawValue: words[2])
        else { return nil }
        (self.answer, self.duration, self.ending) = (answer, duration, ending)
    }
}
