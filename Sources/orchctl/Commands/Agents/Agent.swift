import ArgumentParser
import OrchClient
import OrchProtocol
import Presentation

struct Agent: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List agents, test one, or resume one.",
        discussion: """
            Examples:
              orchctl agent list
              orchctl agent test claude
              orchctl agent resume claude
            """,
        subcommands: [AgentListCommand.self, AgentTest.self, AgentResume.self])
}

struct AgentListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the agents, with the version of each program, or how to install it.",
        discussion: """
            It looks for each program where the agent's pool does, and runs it as you to get its version. The pool's user may \
            see other programs than you.

            Examples:
              orchctl agent list
              orchctl agent list --json | jq -r '.[] | select(.path) | .agent.name'
            """)

    @OptionGroup var global: GlobalOptions

    /// How long a program may take to say its version.
    private static let patience = Duration.seconds(10)

    func run() throws {
        let client = try Client(global)
        let agents = try client.session.call(.agentList).agents
        // All of them at once: some take seconds.
        let probes = agents.map(ProgramProbe.init)
        let deadline = ContinuousClock.now + Self.patience
        let findings = probes.map { $0.finding(by: deadline) }
        if client.json { return try client.printJSON(findings) }
        guard !findings.isEmpty else {
            return Output.remark("there are no agents; a file agents/NAME.toml beside the configuration defines one")
        }
        try Output.print(AgentTable.make(findings).text(style: Terminal.style, width: Terminal.width))
    }
}

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
        try Client(global).show(.agentResume, AgentSelection(agent: agent)) { $0.line }
    }
}
