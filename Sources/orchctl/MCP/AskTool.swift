import JSON
import OrchClient
import OrchProtocol
import Text

/// Asking a person, which only a task can.
enum AskTool {
    /// Between two words on how long it has waited.
    private static let between = 5.0

    static let ask = Tool(
        name: "ask_person", title: "Ask a person",
        description: """
            Use this to ask a person before you do what only a person may decide, or to learn what only a person knows. If \
            nobody has answered within `wait` seconds, the answer has the id of the question: call this again with it as \
            `question`, and nothing else, to continue. Example: {"text": "Deploy to production?", "choices": ["yes", "no"]}
            """,
        hints: .init(openWorld: true),
        parameters: [
            .text("text", "The question, with all that somebody needs to know who has not seen your work"),
            .list("choices", of: ["type": "string"], 1...20, "The possible answers, each at most 80 bytes"),
            .flag("free_text", "Whether any other answer may be given; by default only where there are no choices"),
            .seconds("timeout", 1...315_360_000, "After how many seconds the question expires, or the default is taken"),
            .text("default", "The answer when the timeout is over"),
            .text("step", "A name: if this task is tried again, the same question gets the same answer"),
            .text("question", "The id of a question that you have asked, such as 42.q1, to continue to wait"),
            .seconds("wait", 0...300, "How long to wait, in seconds; 50 by default"),
        ]
    ) { call in
        let asked: JSONValue
        if call["question"] != nil {
            let others = call.arguments.keys.map(\.text).filter { !["question", "wait"].contains($0) }
            guard others.isEmpty else {
                throw ToolFault(others.sorted()[0], "cannot be given with question, which is asked already")
            }
            asked = ["id": call["question"]]
        } else {
            guard call["text"] != nil else { throw ToolFault("text", "is missing") }
            var question = call.arguments
            question[ExactText("wait")] = nil
            question[ExactText("key")] = .string(GeneratedKey.make("mcp-"))
            asked = try call.ask(Method.ask, .object(question))
        }
        return told(try wait(for: asked["id"]?.text ?? "", seconds: call.number("wait") ?? WaitTools.usualWait, call))
    }

    private static func wait(for id: String, seconds: Double, _ call: ToolCall) throws -> JSONValue {
        let began = ContinuousClock.now
        while true {
            let elapsed = (ContinuousClock.now - began).seconds
            let part = max(0, min(seconds - elapsed, between))
            let question = try call.ask(Method.questionWait, ["question": .string(id), "timeout": JSONValue(part)])
            guard question["state"] == "open", elapsed + part < seconds else { return question }
            try call.progress?(elapsed + part, seconds, "\(id) waits for an answer")
        }
    }

    private static func told(_ question: JSONValue) -> JSONValue {
        var told: JSONValue = [:]
        for name in ["id", "state", "answer", "answered_by"] { told[name] = question[name] }
        if question["state"] == "open" {
            told["next"] = "nobody has answered yet; call ask_person with only \"question\" to continue to wait"
        } else if question["state"] == "answered", question["answered_by"] == nil {
            told["note"] = "nobody answered in time: this is the default"
        }
        return told
    }
}
