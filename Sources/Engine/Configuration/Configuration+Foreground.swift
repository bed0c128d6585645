import Agents
import Foundation
import Platform
import Scheduling
import Settings
import Text

extension Configuration {
    /// What `orchd run` uses: a file, if there is one, and a pool "default" where that names none.
    ///
    /// - Parameters:
    ///   - workers: how many slots the pool "default" has, also where the file says another number.
    ///   - umask: that of the starter, whose files those of a task in the pool "default" are, where no file is of that pool.
    public static func foreground(
        _ file: String? = nil, workers: Int? = nil, umask: UInt32? = nil, variables: ForegroundVariables = .init(),
        environment: Environment = .own
    ) throws -> Configuration {
        var builtIn = try BuiltIn(workers: workers ?? variables.workers ?? 3, variables, environment)
        if let umask { builtIn.pool.umask = umask }
        guard let file else {
            var configuration = Configuration()
            configuration.add(builtIn)
            return configuration
        }
        var configuration = try load(file, variables: variables, builtIn: builtIn)
        if let workers {
            guard let index = configuration.pools.firstIndex(where: { $0.settings.name == defaultPoolName }) else {
                throw StartError("--workers is for the pool \"\(defaultPoolName)\", and \(file) has none")
            }
            configuration.pools[index].settings.slots = workers
        }
        return configuration
    }

    /// The pool of tasks that name none.
    public static let defaultPoolName = "default"

    /// What there is without a file: one pool for commands, and for prompts where there is an OpenClaw to take them.
    struct BuiltIn {
        var pool: PoolConfiguration
        var agent: AgentDefinition?

        init(workers: Int, _ variables: ForegroundVariables, _ environment: Environment) throws {
            pool = PoolConfiguration(settings: PoolSettings(name: Configuration.defaultPoolName, slots: workers))
            pool.path = environment.searchPath
            for name in [Variable.home, .user, .logName, .shell, .terminal, .language, .locale, .timeZone] {
                if let value = environment.bytes(name) { pool.environment[ByteString(name.rawValue)] = value }
            }
            // Not those of somebody whose environment this is still (su), nor none at all (a container).
            for (name, value) in OwnAccount.variables(environment, OwnAccount.look()) { pool.environment[name] = value }
            pool.settings.ownArguments = pool.ownArguments
            guard let program = variables.openclaw else { return }
            let agent = try Configuration.openclaw(program)
            pool.settings.agent = agent.name
            self.agent = agent
        }
    }

    /// Takes what there is without a file, where it lacks such a pool.
    mutating func add(_ builtIn: BuiltIn) {
        guard hasDefaultPool, pool(Self.defaultPoolName) == nil else { return }
        pools.append(builtIn.pool)
        guard let agent = builtIn.agent, agents[agent.name] == nil else { return }
        agents[agent.name] = agent
    }

    /// The definition of `etc/agents/openclaw.toml`, which is part of the program, for an OpenClaw at this path.
    fileprivate static func openclaw(_ program: String) throws -> AgentDefinition {
        let file = try ConfigurationFile(
            path: "openclaw.toml (built in)", data: Data(PackageResources.openclaw_toml))
        var agent = AgentReader(top: file.top).agent(named: "openclaw")
        guard file.faults.isEmpty else { throw ConfigurationError(faults: file.faults) }
        if !agent.arguments.isEmpty { agent.arguments[0] = .single(program) }
        if agent.versionArguments?.isEmpty == false { agent.versionArguments?[0] = program }
        return agent
    }
}
