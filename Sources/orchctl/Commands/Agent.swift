import ArgumentParser

struct Agent: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "List agents, and try one.",
        discussion: """
            Examples:
              orchctl agent list
              orchctl agent test claude
            """,
        subcommands: [AgentListCommand.self, AgentTest.self])
}
