/// An agent that the configuration defines: a program that takes prompts.
public struct AgentRecord: Codable, Sendable, Equatable {
    public var name: String
    public var description: String?
    /// The program as its definition names it.
    public var program: String
    /// What prints the program's version. The daemon runs no programs; the client may run it.
    public var version: [String]?
    /// How to get the program, for people.
    public var install: String?
    /// For tasks that ask for none.
    public var model: String?
    /// The levels of thinking that it knows; left out where it takes any word.
    public var thinking: [String]?
    /// The pools whose prompts it runs.
    public var pools: [String]
    /// Where the first of these pools looks for programs.
    public var path: String?

    public init(name: String, program: String, pools: [String]) {
        self.name = name
        self.program = program
        self.pools = pools
    }
}

public struct AgentList: Codable, Sendable, Equatable {
    /// By name.
    public var agents: [AgentRecord]
    public init(agents: [AgentRecord]) { self.agents = agents }
}
