import Agents
import Foundation
import Scheduling

extension Configuration {
    /// What `orchd run` uses without a file: one pool for commands, and for prompts where there is an OpenClaw to take them.
    public static func foreground(workers: Int, variables: ForegroundVariables = .init()) throws -> Configuration {
        var configuration = Configuration()
        var pool = PoolConfiguration(settings: PoolSettings(name: "default", slots: workers))
        let inherited = ProcessInfo.processInfo.environment
        if let path = inherited["PATH"] { pool.path = path }
        for name in ["HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "TZ"] {
            if let value = inherited[name] { pool.environment[name] = value }
        }
        if let program = variables.openclaw {
            let agent = try openclaw(program)
            configuration.agents[agent.name] = agent
            pool.settings.agent = agent.name
        }
        pool.settings.ownArguments = pool.ownArguments
        configuration.pools = [pool]
        return configuration
    }

    /// The definition of `etc/agents/openclaw.toml`, which is part of the program, for an OpenClaw at this path.
    private static func openclaw(_ program: String) throws -> AgentDefinition {
        let file = try ConfigurationFile(
            path: "openclaw.toml (built in)", data: Data(PackageResources.openclaw_toml))
        var agent = AgentReader(top: file.top).agent(named: "openclaw")
        guard file.faults.isEmpty else { throw ConfigurationError(faults: file.faults) }
        if !agent.arguments.isEmpty { agent.arguments[0] = .single(program) }
        if agent.versionArguments?.isEmpty == false { agent.versionArguments?[0] = program }
        return agent
    }
}
