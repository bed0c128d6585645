import Agents

/// The agent of a pool for prompts, as its file would define it: the answer is what it prints.
enum SimulatedAgent {
    static let name = "agent"
    static let pool = "prompts"
    /// Milliseconds that its gate is closed at the most where it does not say until when.
    static let longestWait: Int64 = 240_000
    /// That, or what it says and the margin that is added.
    static let longestClosed: Int64 = 400_000

    /// In millionths of a US dollar.
    static let cent: Int64 = 10_000

    static let definition = {
        var agent = AgentDefinition(name: name, arguments: [.single(name), .single("{prompt}")])
        agent.prompt = .argument
        var cost = OutputExtractor(pointers: [])
        cost.patterns = [TextPattern("^cost {value}")].compactMap(\.self)
        agent.output.cost = [cost]
        // A model that it could not be told would be left out of what a rule's program answers.
        agent.environment = ["AGENT_MODEL": "{model}"]
        return agent
    }()

    /// What an attempt costs in cents, and some nothing.
    static func cents(of attempt: UInt64) -> Int64 { Int64(attempt % 4) }
}
