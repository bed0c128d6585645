import Agents

/// The agent of a pool for prompts, as its file would define it: the answer is what it prints.
enum SimulatedAgent {
    static let name = "agent"
    static let pool = "prompts"
    /// Milliseconds that its gate is closed at the most where it does not say until when.
    static let longestWait: Int64 = 240_000
    /// That, or what it says and the margin that is added.
    static let longestClosed: Int64 = 400_000

    static let definition = AgentDefinition(name: name, arguments: [.single(name), .single("{prompt}")], prompt: .argument)
}
