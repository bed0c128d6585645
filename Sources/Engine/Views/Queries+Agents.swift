import Agents
import OrchProtocol
import Scheduling

extension Queries {
    /// What the configuration knows of agents; whether their programs are there, a client finds out.
    func agents() -> AgentList {
        let configuration = configuration.value
        return AgentList(
            agents: configuration.agents.values.sorted { $0.name < $1.name }.map { agent in
                let pools = configuration.pools.filter { $0.settings.agent == agent.name }
                var record = AgentRecord(
                    name: agent.name, program: agent.program ?? "", pools: pools.map(\.settings.name).sorted())
                record.description = agent.description
                record.version = agent.versionArguments
                record.install = agent.installation
                record.model = agent.model
                record.thinking = agent.thinkingLevels?.sorted()
                record.path = pools.min { $0.settings.name < $1.settings.name }?.path.lossy
                return record
            })
    }
}
