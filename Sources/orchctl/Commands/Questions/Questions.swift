import ArgumentParser
import OrchProtocol
import Platform
import Presentation

struct Questions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what tasks ask people.",
        discussion: """
            Of one task it shows each question in full, else one a line.

            Examples:
              orchctl questions
              orchctl questions 42
              orchctl questions --all --json 42 | jq -r '.questions[] | [.id, .answer, .answered_by] | @tsv'
            """)

    @Argument(help: "Only those of this task.", transform: TaskNumber.read)
    var id: Int64?

    @Flag(name: .shortAndLong, help: "Also those that are not open any more.")
    var all = false

    @Option(
        help: ArgumentHelp("At most this many; default 100.", valueName: "number"), transform: ValueRule.page.argument)
    var limit: Int?

    @OptionGroup var global: GlobalOptions

    func run() throws {
        var parameters = QuestionListParameters(task: id, all: all ? true : nil)
        parameters.limit = limit
        let client = try Client(global)
        try client.show(.questionList, parameters) { page in
            guard !page.questions.isEmpty else {
                Output.remark("no question \(id.map { "of task \($0) " } ?? "")is \(all ? "kept" : "open")")
                return ""
            }
            let (now, style) = (LocalTime.now, Terminal.style)
            if id != nil { return page.questions.reversed().map { QuestionText.detail($0, now: now, style: style) }.joined() }
            return QuestionTable.make(page.questions, now: now, withAnswers: all).text(style: style, width: Terminal.width)
        }
    }
}
