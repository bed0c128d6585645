import ArgumentParser

struct Agent: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "List agents, test one, or resume one.",
        discussion: """
            Examples:
              orchctl agent list
              orchctl agent test claude
              orchctl agent resume claude
            """,
        subcommands: [AgentListCommand.self, AgentTest.self, AgentResume.self])
}
