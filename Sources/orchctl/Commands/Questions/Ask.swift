import ArgumentParser
import OrchClient
import OrchProtocol
import Presentation

struct Ask: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a person, from within a task, and print the answer.",
        discussion: """
            It works in a task of a pool with [spawn] (orchd.toml(5)). The question is kept by orchd: it waits through restarts, \
            and ends with the attempt. People see it with orchctl questions, and answer it with orchctl answer.

            It exits with 0 when there is an answer, whichever it is, and with 7 when --timeout was over and there is no \
            --default.

            Examples:
              orchctl ask "Deploy?" --choice yes --choice no
              orchctl ask "Which branch?" --text --timeout 2h --default main
              orchctl ask --step deploy "Deploy?" --choice yes --choice no
            """)

    @Argument(help: "The question, of at most 4096 bytes; - reads it from standard input.")
    var question: String

    @Option(name: .shortAndLong, help: ArgumentHelp("A possible answer; may be repeated.", valueName: "answer"))
    var choice: [String] = []

    @Flag(name: .customLong("text"), help: "Also take any other answer; without --choice any is taken.")
    var freeText = false

    @Option(
        help: ArgumentHelp("How long to wait for an answer.", valueName: "duration"), transform: ArgumentText.duration(.timeout)
    )
    var timeout: Double?

    @Option(name: .customLong("default"), help: ArgumentHelp("The answer when --timeout is over.", valueName: "answer"))
    var fallback: String?

    @Option(
        help: ArgumentHelp(
            "Ask this only once: the next attempt of the task gets the same answer again.", valueName: "name"))
    var step: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if fallback != nil, timeout == nil { throw ValidationError("--default needs --timeout, after which it is taken") }
    }

    func run() throws {
        let client = try Client(global)
        var parameters = AskParameters(text: try TaskArguments.prompt(question), choices: choice.isEmpty ? nil : choice)
        (parameters.freeText, parameters.timeout) = (freeText ? true : nil, timeout)
        (parameters.default, parameters.step) = (fallback, step)
        var asked = try client.session.call(.ask, parameters)
        if asked.state == .open {
            if !client.json { Output.remark("\(asked.id) waits for an answer: orchctl answer \(asked.id) \(asked.example)") }
            asked = try client.session.call(.questionWait, QuestionWaitParameters(question: asked.id))
        }
        if client.json {
            try client.printJSON(asked)
        } else if let answer = asked.answer {
            try Output.print(answer + "\n")
        }
        guard asked.answer == nil else { return }
        guard !client.json else { throw ExitCode(ExitStatus.unanswered.rawValue) }
        throw Failure(.unanswered, "question \(asked.id) got no answer: it \(QuestionText.standing(asked))")
    }
}

extension QuestionRecord {
    /// What an answer looks like, for a command line.
    var example: String { choices?.first.map { ByteString($0).shellQuoted() } ?? "TEXT" }
}
