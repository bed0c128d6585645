import ArgumentParser
import OrchProtocol

struct AgentResume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Start the tasks of an agent that wait for its usage limit to end.",
        discussion: """
            Examples:
              orchctl agent resume claude
            """)

    @Argument(help: "The name of the agent.")
    var agent: String

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.agentResume(AgentSelection(agent: agent)), as: ChangeAnswer.self) {
            $0.text(else: "agent \(agent) resumed")
        }
    }
}
