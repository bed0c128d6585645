import Agents
import OrchProtocol
import Platform
import Scheduling
import Schemas
import SupervisorLink
import Text

/// Everything that the files under /etc/orchd say, checked.
public struct Configuration: Sendable, Equatable {
    public var socket: String?
    public var stateDirectory: String?
    /// Where the supervisor makes the workspaces, if the starter of the engine has named it.
    public var workDirectory: String?
    public var logLevel = "info"
    /// Whether a foreground run has a pool "default" where no file is of one.
    public var hasDefaultPool = true
    public var adminGroups = ["orch-admin"]
    /// The users who may ask for others. The package of the bridge to Discord makes its user.
    public var bridges = Set(["orch-discord"].compactMap { UserDatabase.user($0)?.uid })
    /// The methods that users may call as an administrator may, by uid.
    public var grants: [UInt32: Set<String>] = [:]
    /// Milliseconds that finished tasks are kept.
    public var retentionAge: Int64 = 30 * 86_400_000
    /// How many finished tasks are kept at most.
    public var retentionCount = 100_000
    public var connections = 1024
    public var requestsInFlight = 256
    public var queued = 2_000_000
    /// What part of what there is for all clients a user may have, in percent, where that is not ``usualShare``.
    public var shares: [UInt32: Int] = [:]
    /// Bytes of files that the tasks of one user may bring along.
    public var submittedFiles: Int64 = 4 << 30
    /// By name.
    public var pools: [PoolConfiguration] = []
    /// Where the pools that name a user do so, by the name of the pool.
    package var userPlaces: [String: Place] = [:]
    package struct Place: Sendable, Equatable {
        package var file: String
        package var line: Int?
    }
    public var agents: [String: AgentDefinition] = [:]
    public var limits: [ConcurrencyLimit] = []
    public var budgets: [Budget] = []
    public var routes: [RouteRule] = []
    public var aliases: [String: String] = [:]
    /// Pools may reserve the machine's memory, unless the files set another value.
    public var admission = Admission(memoryPressure: Self.defaultPressure, memory: MemoryPressure.machine())
    package static let defaultPressure = 50.0
    /// The longest wait, in milliseconds, for an agent that is limited and does not say until when.
    public var longestWait: Int64 = 3_600_000

    public init() {}

    /// The share of a user of whom `[limits.share]` says nothing, in percent.
    public static let usualShare = 12

    /// What part of what there is for all clients a user may have, in percent.
    public func share(of user: UInt32) -> Int { shares[user] ?? Self.usualShare }

    /// What the scheduler must know beside the pools.
    package var rules: Rules {
        Rules(
            agents: agents.mapValues(\.settings), limits: limits, budgets: budgets, routes: routes, aliases: aliases,
            longestWait: longestWait, admission: admission)
    }

    public func pool(_ name: String) -> PoolConfiguration? { pools.first { $0.settings.name == name } }
}

extension AgentDefinition {
    fileprivate var settings: AgentSettings {
        var settings = AgentSettings(
            model: model, provider: provider,
            thinking: thinkingLevels.map { Set($0.compactMap(ThinkingLevel.init(rawValue:))) },
            takesModel: takesModel, longestPrompt: longestPrompt(withSchemaOf: JSONSchema.maximumSize))
        settings.ownArguments = ownSize
        settings.promptPlaces = prompt == .argument ? places(of: "{prompt}") : 0
        settings.schemaPlaces = places(of: "{schema}")
        return settings
    }
}

/// A file of pools.d.
public struct PoolConfiguration: Sendable, Equatable {
    /// The name of the built-in agent that takes commands and no prompts.
    public static let commandAgent = "command"

    public var settings: PoolSettings
    /// What stands for a user's name where each task runs as the user who submitted it.
    public static let submitter = "submitter"

    /// The user that tasks run as; nil for the one orchd runs as.
    public var user: String?
    /// Where the output of attempts goes.
    public var output = Output.files
    public enum Output: String, Sendable, CaseIterable { case files, journal, both }
    /// Bytes of output that an attempt may write.
    public var outputLimit = Self.defaultOutputLimit
    package static let defaultOutputLimit: Int64 = 64 << 20
    /// Bytes that are kept of the files that an attempt leaves in its result directory.
    public var filesLimit = Self.defaultFilesLimit
    package static let defaultFilesLimit: Int64 = 64 << 20
    public var path = ProgramSearch.defaultPath
    public var environment: [ByteString: ByteString] = ["LANG": "C.UTF-8"]
    public var umask: UInt32 = 0o077
    public var nice: Int32 = 0
    public var oomScoreAdjust: Int32 = 0
    /// By the number that setrlimit(2) knows the resource by.
    public var limits: [UInt32: UInt64] = [:]

    /// The git repository of which each attempt gets a worktree of its own to work in; nil where it gets an empty directory.
    public var repository: String?
    /// What an attempt may use at most, where its task says nothing.
    public var resources = ResourceLimits()

    /// Credentials of the supervisor's that each attempt gets, and the environment variables that are to hold some of them.
    public var credentials: [CredentialGrant] = []

    /// What the kernel keeps its attempts from.
    public var sandbox = Sandbox()

    /// Whether its tasks may speak to the daemon as their user, beside their doors.
    public var hasFullAccess = false

    /// What a warm worker is started with; empty for a pool that starts a process for each task.
    public var workerCommand: [String] = []

    public init(settings: PoolSettings) { self.settings = settings }

    /// What its own variables, and those that the engine sets, take of the room that a program has.
    package var ownArguments: ArgumentSize {
        var size = ArgumentSize()
        size.add(environment: environment)
        size.add(stringOf: "PATH=".utf8.count + path.count)
        for name in Self.engineVariables { size.add(stringOf: name.utf8.count + 1 + Self.longestName) }
        return size
    }

    private static let engineVariables = [
        "ORCH_TASK_ID", "ORCH_ATTEMPT", "ORCH_POOL", "ORCH_MODEL", "ORCH_THINKING", "ORCH_ROUTE", "ORCH_BRANCH",
        "ORCHD_SOCKET",
    ]
    private static let longestName = 256

    public var agentName: String { settings.agent ?? Self.commandAgent }

    /// A number for everything that decides how a worker is started: equal, across engines, for equal settings.
    package var workerFingerprint: Int64 {
        var words =
            workerCommand.map { ByteString($0) } + environment.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        words += credentials.flatMap { [ByteString($0.name), ByteString($0.variable ?? "")] }
        words +=
            (sandbox.writable.map { ["writes"] + $0.map { ByteString($0) } } ?? []) + [
                sandbox.noNetwork ? "no network" : ""
            ]
        if settings.spawn != nil { words.append("door") }
        words += [path, ByteString(user ?? ""), "\(umask)", "\(nice)", "\(oomScoreAdjust)"]
        words += (resources.all + settings.maximum.all).map { "\($0.resource.rawValue)=\($0.amount)" }
        words += limits.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var hash = StableHash()
        hash.add(bytes: words.map(\.bytes).joined(separator: [0]))
        return hash.value
    }
}
