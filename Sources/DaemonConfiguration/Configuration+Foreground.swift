import Agents
import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Settings

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
        var configuration: Configuration
        if let file {
            configuration = try load(file, variables: variables, builtIn: builtIn)
        } else {
            configuration = Configuration()
            configuration.add(builtIn)
        }
        configuration.letTasksStartAnywhere()
        // Root's tasks would be root, whatever their pool says.
        if geteuid() == 0, let pool = configuration.pools.first(where: { $0.user.map { $0 != "root" } ?? false }) {
            throw StartError(
                """
                the pool "\(pool.settings.name)" names the user "\(pool.user ?? "")", and orchd run as root would run its tasks as \
                root; install the service (docs: orchd(8)), or start orchd run as that user
                """, isLasting: true)
        }
        if variables.bringsDiscord {
            // The bridge runs as this user, and asks for the people in the channel.
            configuration.bridges.insert(geteuid())
            configuration.grants[geteuid(), default: []].formUnion(Methods.all.filter(\.isGrantable).map(\.name))
        }
        if let workers, let file {
            guard let index = configuration.pools.firstIndex(where: { $0.settings.name == defaultPoolName }) else {
                throw StartError("--workers is for the pool \"\(defaultPoolName)\", and \(file) has none")
            }
            configuration.pools[index].settings.slots = workers
        }
        return configuration
    }

    /// For a daemon of one's own: all is one user's there, and tasks start where their submitter is.
    public mutating func letTasksStartAnywhere() {
        for index in pools.indices where pools[index].settings.directories.isEmpty { pools[index].settings.directories = ["/"] }
    }

    /// The pool of tasks that name none.
    public static let defaultPoolName = "default"

    /// What there is without a file: one pool for commands, and for prompts where there is an OpenClaw to take them.
    package struct BuiltIn {
        package var pool: PoolConfiguration
        package var agent: AgentDefinition?

        package init(workers: Int, _ variables: ForegroundVariables, _ environment: Environment) throws {
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
    package mutating func add(_ builtIn: BuiltIn) {
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

/// The environment of a foreground run, as in the scripts that orchd replaces.
public struct ForegroundVariables: Sendable, Equatable {
    /// `WORKERS`: how many tasks run at once, in a run without a configuration.
    public private(set) var workers: Int?
    /// `POLL_INTERVAL`, in seconds as a number: how often a warm worker that does not block is to look for its task.
    public private(set) var pollInterval: String?
    /// `MAX_IDLE_TIME`, in milliseconds: after what time an idle warm worker is replaced.
    public private(set) var maxIdle: Int64?
    /// The OpenClaw program: `OPENCLAW_BIN`, or else the one in PATH.
    public private(set) var openclaw: String?
    /// `DISCORD_CHANNEL`: the channel of a bridge that the run brings along.
    public private(set) var discordChannel: String?
    /// `DISCORD_TOKEN_FILE`: where the token of its bot is.
    public private(set) var discordTokenFile: String?
    public var bringsDiscord: Bool { discordChannel != nil && discordTokenFile != nil }

    /// As if none were set.
    public init() {}

    /// - Throws: ``StartError``, which names the variable.
    public init(_ variables: Environment) throws(StartError) {
        if let text = variables[.workers] {
            guard let count = Int(text.trimmed()) else {
                throw StartError("the environment variable WORKERS must be a whole number, and is \"\(SafeText.line(text))\"")
            }
            if let complaint = ValueRule.slots.complaint(Int64(count)) {
                throw StartError("the environment variable WORKERS \(complaint)")
            }
            workers = count
        }
        pollInterval = try Self.seconds(.pollInterval, variables).map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }
        maxIdle = try Self.seconds(.maxIdleTime, variables).map { Int64($0 * 1000) }
        openclaw = try Self.openclaw(variables)
        discordChannel = variables[.discordChannel]
        do throws(NotText) { discordTokenFile = try variables.name(.discordTokenFile) } catch {
            throw StartError(error.description, isLasting: true)
        }
    }

    private static func seconds(_ name: Variable, _ variables: Environment) throws(StartError) -> Double? {
        guard let text = variables[name] else { return nil }
        guard let seconds = DurationText.seconds(text.trimmed()), ValueRule.timeout.complaint(seconds) == nil else {
            throw StartError(
                "the environment variable \(name.rawValue) must be a duration above 0, such as 5 (seconds) or 5m, and is "
                    + "\"\(SafeText.line(text))\"")
        }
        return seconds
    }

    private static func openclaw(_ variables: Environment) throws(StartError) -> String? {
        let name: String?
        do throws(NotText) {
            name = try variables.name(.openclaw)
        } catch {
            throw StartError(error.description, isLasting: true)
        }
        // One that nobody has named is as good as none where it cannot be named.
        guard let name else { return variables.program("openclaw")?.text }
        guard let found = (name.has("/") ? absolute(ByteString(name)) : variables.program(ByteString(name)))?.text else {
            throw StartError(
                "the environment variable OPENCLAW_BIN does not name an executable program: \"\(SafeText.line(name))\"")
        }
        return found
    }

    /// A task runs in a directory of its own, where a relative path would mean something else.
    private static func absolute(_ path: ByteString) -> ByteString? {
        guard ProgramSearch.isProgram(path), let resolved = ProcessText.realPath(path) else { return nil }
        // A link may be what tells the program who it is, so it stays where it can.
        return path.hasPrefix("/") ? path : resolved
    }
}
