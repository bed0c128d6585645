import ArgumentParser
import OrchProtocol
import Presentation

struct Route: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the daemon would choose for a prompt, and by which rule.",
        discussion: """
            Your options come first, then the tags of the prompt, then the first rule that matches.

            Examples:
              orchctl route --explain "Write a haiku about queues"
              orchctl route --explain "[model:cheap] Summarise this" --label team=core
              orchctl route --json --explain - < prompt.txt | jq -r .model
            """)

    @Option(help: ArgumentHelp("The prompt; - reads it from standard input.", valueName: "prompt"))
    var explain: String

    @Option(name: .shortAndLong, help: "As in orchctl submit.")
    var pool: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("As in orchctl submit.", valueName: "key=value"))
    var label: [String] = []

    @Option(help: "As in orchctl submit.")
    var model: String?

    @Option(help: ArgumentHelp("As in orchctl submit.", valueName: "level"), transform: ArgumentText.thinking)
    var thinking: ThinkingLevel?

    @Option(help: ArgumentHelp("As in orchctl submit.", valueName: "capability"))
    var needs: [String] = []

    @OptionGroup var global: GlobalOptions

    func run() throws {
        var spec = TaskSpec(prompt: try explain == "-" ? Input.text(of: "-") : explain)
        spec.pool = pool
        spec.labels = try ArgumentText.labels(label)
        spec.model = model
        spec.thinking = thinking
        spec.needs = ArgumentText.capabilities(needs)
        try Client(global).show(.routeExplain, spec) {
            RouteText.text($0, style: Terminal.style, width: Terminal.width)
        }
    }
}
