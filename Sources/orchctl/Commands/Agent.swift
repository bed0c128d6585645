import ArgumentParser

struct Agent: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Let an agent go on whose usage limit is over.",
        discussion: """
            Examples:
              orchctl agent resume claude
            """,
        subcommands: [AgentResume.self])
}
