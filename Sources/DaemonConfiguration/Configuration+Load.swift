import Agents
import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Settings
import SupervisorLink

extension Configuration {
    /// Reads a configuration: the file, and `pools.d` and `agents` beside it, which may be missing.
    ///
    /// The file itself may be missing only where no option names it, that is the user's own (``existingUserFile()``), and one of the others is
    /// there: a name that is misspelt, or a file that is being replaced, must not pass for one that sets no limits.
    ///
    /// - Parameters:
    ///   - variables: what the environment says of warm workers, where the files do not.
    ///   - builtIn: the defaults, where the files set nothing.
    /// - Throws: ``ConfigurationError``, which names everything that is wrong. A configuration is taken as a whole or not at all.
    public static func load(_ path: String, variables: ForegroundVariables = .init()) throws -> Configuration {
        try load(path, variables: variables, builtIn: nil)
    }

    package static func load(_ path: String, variables: ForegroundVariables, builtIn: BuiltIn?) throws -> Configuration {
        var reader = Reader()
        reader.variables = variables
        let agents = reader.tomlFiles("agents", beside: path)
        let pools = reader.tomlFiles("pools.d", beside: path)
        let mayBeMissing = try !(agents.isEmpty && pools.isEmpty) && path == userFile()
        if !mayBeMissing || access(path, F_OK) == 0 { reader.readMain(path) }
        for file in agents { reader.readAgent(file) }
        for file in pools { reader.readPool(file) }
        if let builtIn { reader.configuration.add(builtIn) }
        reader.checkReferences()
        guard reader.faults.isEmpty else { throw ConfigurationError(faults: reader.faults) }
        return reader.configuration
    }

    /// Where the configuration of the user who runs the program is, or would be.
    package static func userFile() throws -> String? { try Places().configurationDirectory.map { $0 + "/orchd.toml" } }

    /// The same where there is one, or some part of one beside it.
    public static func existingUserFile() throws -> String? {
        guard let path = try userFile() else { return nil }
        var reader = Reader()
        let parts = ["agents", "pools.d"].flatMap { reader.tomlFiles($0, beside: path) }
        return access(path, F_OK) == 0 || !parts.isEmpty || !reader.faults.isEmpty ? path : nil
    }
}

/// Gathers what the files say and everything that is wrong with them.
private struct Reader {
    package var configuration = Configuration()
    package var faults: [ConfigurationError.Fault] = []
    package var variables = ForegroundVariables()
    private var poolFiles: [String: ConfigurationFile] = [:]
    private var mainPath: String?
    private var mainFile: ConfigurationFile?

    /// The files in a directory beside the main file, which may be missing. One that cannot be read is not an empty one.
    package mutating func tomlFiles(_ name: String, beside path: String) -> [String] {
        let parent = (path as NSString).deletingLastPathComponent
        let directory = (parent.isEmpty ? "." : parent) + "/" + name
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            return names.filter { $0.hasSuffix(".toml") && !$0.hasPrefix(".") }.sorted().map { "\(directory)/\($0)" }
        } catch {
            if (error as? CocoaError)?.code != .fileReadNoSuchFile {
                faults.append(
                    .init(
                        file: directory, line: nil,
                        problem: "cannot be read as a directory; check that it is one, and its permissions"))
            }
            return []
        }
    }

    package mutating func readMain(_ path: String) {
        mainPath = path
        read(path) { file, configuration in
            let top = file.top
            top.within("daemon") { daemon in
                configuration.socket = daemon.string("socket")
                configuration.stateDirectory = daemon.string("state_dir")
                if let hasDefaultPool = daemon.boolean("default_pool") { configuration.hasDefaultPool = hasDefaultPool }
                if let level = daemon.choice("log_level", LogLevel.self) { configuration.logLevel = level.rawValue }
            }
            top.within("access") { access in
                if let groups = access.strings("admin_groups") { configuration.adminGroups = groups }
                if let bridges = access.users("bridges") { configuration.bridges = bridges }
                access.within("grants") { grants in
                    for name in grants.keys {
                        let methods = grants.methods(name)
                        if let user = grants.user(named: name, for: name) {
                            configuration.grants[user, default: []].formUnion(methods)
                        }
                    }
                }
            }
            top.within("retention") { retention in
                if let age = retention.duration("age") { configuration.retentionAge = age }
                if let count = retention.integer("count", in: 0...100_000_000) { configuration.retentionCount = count }
            }
            top.within("limits") { limits in
                if let it = limits.integer("connections", in: 1...100_000) { configuration.connections = it }
                if let it = limits.integer("requests_in_flight", in: 1...10_000) { configuration.requestsInFlight = it }
                if let it = limits.integer("queued", in: 1...100_000_000) { configuration.queued = it }
                limits.within("share") { share in
                    for name in share.keys {
                        guard let percent = share.integer(name, in: 1...100) else { continue }
                        if let user = share.user(named: name, for: name) { configuration.shares[user] = percent }
                    }
                }
                if let it = limits.size("submitted_files") { configuration.submittedFiles = it }
                if let it = limits.duration("usage_limit_wait", .seconds(1...ValueRule.longest)) {
                    configuration.longestWait = it
                }
            }
            top.within("admission") { admission in
                if let percent = admission.integer("memory_pressure", in: 1...100) {
                    configuration.admission.memoryPressure = percent == 100 ? nil : Double(percent)
                }
                if let memory = admission.size("memory") { configuration.admission.memory = memory }
            }
            configuration.limits = RuleReader.limits(top)
            configuration.budgets = RuleReader.budgets(top)
            configuration.aliases = RuleReader.aliases(top)
            configuration.routes = RuleReader.routes(top)
            top.finish()
        }
    }

    package mutating func readPool(_ path: String) {
        let name = Self.name(of: path)
        guard isPoolName(name) else {
            faults.append(
                .init(file: path, line: nil, problem: "a pool's name is a letter and up to 63 letters, digits, - and _"))
            return
        }
        let variables = variables
        read(path) { file, configuration in
            let top = file.top
            var pool = PoolConfiguration(settings: PoolSettings(name: name, slots: 1))
            if let slots = top.integer("slots", .slots) { pool.settings.slots = slots }
            if let agent = top.string("agent"), agent != PoolConfiguration.commandAgent { pool.settings.agent = agent }
            pool.user = top.string("user")
            pool.settings.runsAsSubmitter = pool.user == PoolConfiguration.submitter
            pool.settings.access = top.access("allow")
            pool.settings.timeout = top.duration("timeout", .timeout)
            pool.settings.idleTimeout = top.duration("idle_timeout", .timeout)
            if let grace = top.duration("grace", .seconds(0...3600)) { pool.settings.grace = grace }
            if let retries = top.integer("retries", .retries) { pool.settings.retries = retries }
            if let capabilities = top.strings("capabilities") {
                pool.settings.capabilities = Set(capabilities)
                for name in capabilities where !SpecRules.isCapability(name) {
                    top.fault("capabilities", "a capability cannot be named \"\(name)\"")
                }
            }
            pool.settings.maximumPriority = top.integer("max_priority", .priority)
            if let inlineTags = top.boolean("inline_tags") { pool.settings.inlineTags = inlineTags }
            if let limit = top.size("files_limit") { pool.filesLimit = limit }
            if let hasFullAccess = top.boolean("full_access") { pool.hasFullAccess = hasFullAccess }
            if let path = top.string("path") { pool.path = ByteString(path) }
            if let environment = top.stringTable("env") {
                pool.environment = [:]
                for (name, value) in environment { pool.environment[ByteString(name)] = ByteString(value) }
            }
            if let umask = top.octal("umask", upTo: 0o777) { pool.umask = umask }
            if let nice = top.integer("nice", in: 0...19) { pool.nice = Int32(nice) }
            if let adjust = top.integer("oom_score_adjust", in: -1000...1000) { pool.oomScoreAdjust = Int32(adjust) }
            top.within("rlimits") { limits in
                for (name, number) in resourceNumbers {
                    if let limit = limits.integer(name, in: 0...Int.max) { pool.limits[number] = UInt64(limit) }
                }
            }
            pool.settings.programs = top.strings("programs")
            // They become the ends of lines of the policy.
            for program in pool.settings.programs ?? [] where !isPolicyPath(program) {
                top.fault("programs", "programs must be absolute paths, without control characters")
            }
            SurroundingsReader.read(top, &pool)
            pool.settings.reserve = top.size("reserve")
            pool.resources = top.resources()
            top.within("maximum") { maximum in
                pool.settings.maximum = maximum.resources()
            }
            for (resource, maximum) in pool.settings.maximum.all where pool.resources[resource] ?? 0 > maximum {
                top.fault(resource.rawValue, "\(resource.rawValue) is above its maximum")
            }
            for name in pool.environment.keys.map(\.lossy)
            where name.has("=") || name.isEmpty || SpecRules.isReserved(variable: name) {
                top.fault("env", "a variable cannot be named \"\(name)\"")
            }
            pool.settings.spawn = SpawnReader.rules(top)
            Self.readOutput(top, &pool)
            Self.readCredentials(top, &pool)
            if let confine = top.section("confine") { pool.sandbox = Self.sandbox(confine) }
            Self.readWorkers(top, &pool, variables)
            Self.readWorkspace(top, &pool)
            pool.settings.ownArguments = pool.ownArguments
            top.checkStrings(pool.workerCommand, of: "command")
            top.checkStrings(pool.environment.map { "\($0.key)=\($0.value)" }, of: "env")
            top.finish()
            if pool.user != nil { configuration.userPlaces[name] = .init(file: path, line: file.line(of: "user")) }
            configuration.pools.append(pool)
        }
    }

    private static func readOutput(_ top: ConfigurationFile.Section, _ pool: inout PoolConfiguration) {
        let limit = top.size("output_limit")
        if let limit { pool.outputLimit = limit }
        pool.output = top.choice("output", PoolConfiguration.Output.self) ?? .files
        guard pool.output == .journal else { return }
        pool.settings.keepsOutput = false
        let impossible = [
            ("agent", pool.settings.agent != nil), ("kind", top.choice("kind", PoolKind.self) == .warm),
            ("idle_timeout", pool.settings.idleTimeout != nil), ("output_limit", limit != nil),
        ]
        for (key, isGiven) in impossible where isGiven {
            top.fault(
                key, "with output = \"journal\" orchd does not see the output, and \(key) needs it; use \"both\"")
        }
    }

    private static func sandbox(_ section: ConfigurationFile.Section) -> Sandbox {
        var sandbox = Sandbox()
        let isReadOnly = section.boolean("read_only")
        let writable = section.strings("writable")
        for path in writable ?? [] where !isPolicyPath(path) {
            section.fault("writable", "writable paths must be absolute, without control characters")
        }
        if (writable?.count ?? 0) > 60 { section.fault("writable", "there can be at most 60 writable paths") }
        if isReadOnly ?? (writable != nil) { sandbox.writable = writable ?? [] }
        if isReadOnly == false, writable != nil { section.fault("writable", "writable needs read_only = true") }
        sandbox.noNetwork = section.boolean("network") == false
        section.finish()
        return sandbox
    }

    private static func readCredentials(_ top: ConfigurationFile.Section, _ pool: inout PoolConfiguration) {
        let variables = top.stringTable("credential_env") ?? [:]
        let names = (top.strings("credentials") ?? []) + variables.values
        for name in names where !CredentialName.isValid(name) {
            top.fault("credentials", "a credential cannot be named \"\(name)\"")
        }
        for name in variables.keys where !CredentialName.isVariable(name) {
            top.fault("credential_env", "a variable for a credential cannot be named \"\(name)\"")
        }
        let holders = Dictionary(grouping: variables.keys.sorted()) { variables[$0] ?? "" }
        for (name, holders) in holders where holders.count > 1 {
            top.fault("credential_env", "the credential \"\(name)\" can be in only one variable")
        }
        if Set(names).count > CredentialGrant.maximum {
            top.fault("credentials", "there can be at most \(CredentialGrant.maximum) credentials")
        }
        pool.credentials = Set(names).sorted().map { .init(name: $0, variable: holders[$0]?.first) }
    }

    /// Comes after everything else that decides how a worker is started.
    private static func readWorkers(
        _ top: ConfigurationFile.Section, _ pool: inout PoolConfiguration, _ variables: ForegroundVariables
    ) {
        let kind = top.choice("kind", PoolKind.self) ?? .exec
        let command = top.strings("command")
        let minReady = top.integer("min_ready", in: 0...10_000)
        let maxIdle = top.duration("max_idle", .timeout)
        let readyTimeout = top.duration("ready_timeout", .timeout)
        guard kind == .warm else {
            let given = [
                ("command", command != nil), ("min_ready", minReady != nil), ("max_idle", maxIdle != nil),
                ("ready_timeout", readyTimeout != nil),
            ]
            for (key, isGiven) in given where isGiven { top.fault(key, "\(key) is for pools with kind = \"warm\"") }
            return
        }
        guard let command, let program = command.first, !program.isEmpty else {
            return top.fault("kind", "a pool with kind = \"warm\" needs a command, such as [\"my-worker\", \"--verbose\"]")
        }
        // How many of them there are is decided without a look at the others.
        if pool.settings.runsAsSubmitter {
            top.fault("user", "workers of a pool with kind = \"warm\" start before their tasks are submitted")
        }
        if pool.settings.reserve != nil { top.fault("reserve", "reserve is not for pools with kind = \"warm\"") }
        pool.workerCommand = command
        if let interval = variables.pollInterval { pool.environment["ORCH_POLL_INTERVAL"] = ByteString(interval) }
        pool.settings.warm = WarmSettings(
            minReady: minReady ?? .max, maxIdle: maxIdle ?? variables.maxIdle ?? WarmSettings.defaultMaxIdle,
            readyTimeout: readyTimeout ?? WarmSettings.defaultReadyTimeout, fingerprint: pool.workerFingerprint)
    }

    private static func readWorkspace(_ top: ConfigurationFile.Section, _ pool: inout PoolConfiguration) {
        let kind = top.choice("workspace", WorkspaceKind.self) ?? .directory
        let repository = top.string("repository")
        guard kind == .gitWorktree else {
            if repository != nil { top.fault("repository", "repository is for pools with workspace = \"git-worktree\"") }
            return
        }
        // A worker has its workspace before there is a task, whose branch it would be on.
        guard pool.settings.warm == nil else {
            return top.fault("workspace", "workspace = \"git-worktree\" is not for pools with kind = \"warm\"")
        }
        guard let repository else {
            return top.fault(
                "workspace", "workspace = \"git-worktree\" needs a repository, such as \"/srv/project\"")
        }
        // It becomes the end of a line of the policy.
        guard isPolicyPath(repository) else {
            return top.fault("repository", "repository must be an absolute path, without control characters")
        }
        pool.repository = repository
    }

    package mutating func readAgent(_ path: String) {
        let name = Self.name(of: path)
        read(path) { file, configuration in
            configuration.agents[name] = AgentReader(top: file.top).agent(named: name)
        }
    }

    package mutating func checkReferences() {
        for pool in configuration.pools {
            guard let agent = pool.settings.agent, configuration.agents[agent] == nil else { continue }
            poolFiles[pool.settings.name]?.fault(
                "agent", in: nil, "there is no agent \"\(agent)\": no file agents/\(agent).toml")
        }
        let settings = configuration.pools.map(\.settings)
        for pool in settings {
            for fault in SpawnReader.faults(of: pool, among: settings) {
                poolFiles[pool.name]?.fault("pools", in: "spawn", fault)
            }
        }
        checkRoutes()
        faults += poolFiles.values.flatMap(\.faults)
        faults.sort { ($0.file, $0.line ?? 0) < ($1.file, $1.line ?? 0) }
    }

    /// A rule must not send prompts where they are refused.
    private mutating func checkRoutes() {
        for (index, rule) in configuration.routes.enumerated() {
            func complain(_ key: String, in section: String, _ problem: String) {
                mainFile?.fault(key, in: section, number: index + 1, "\(rule.name): \(problem)")
            }
            func missing(_ pool: String) -> String { "there is no pool \"\(pool)\": no file pools.d/\(pool).toml" }
            if let pool = rule.choice.pool {
                switch configuration.pool(pool)?.settings {
                case nil: complain("pool", in: "route.set", missing(pool))
                case let settings? where !settings.takesPrompts:
                    complain("pool", in: "route.set", "the pool \"\(pool)\" has no agent for prompts")
                default: break
                }
            }
            guard let program = rule.program else { continue }
            if configuration.routes.count(where: { $0.name == rule.name }) > 1 {
                complain("name", in: "route", "a rule with a program needs a name that no other rule has")
            }
            switch configuration.pool(program.pool)?.settings {
            case nil where !program.pool.isEmpty: complain("pool", in: "route", missing(program.pool))
            case let settings? where settings.warm != nil:
                complain("pool", in: "route", "the pool \"\(program.pool)\" has warm workers, which cannot run a program")
            default: break
            }
        }
        faults += mainFile?.faults ?? []
    }

    private mutating func read(_ path: String, _ body: (ConfigurationFile, inout Configuration) -> Void) {
        do {
            let file = try ConfigurationFile(path: path)
            body(file, &configuration)
            if path.contains("/pools.d/") {
                poolFiles[Self.name(of: path)] = file
            } else if path == mainPath {
                mainFile = file
            } else {
                faults += file.faults
            }
        } catch let error as ConfigurationError {
            faults += error.faults
        } catch {
            faults.append(.init(file: path, line: nil, problem: "cannot be read: \(error)"))
        }
    }

    private static func name(of path: String) -> String {
        ((path as NSString).lastPathComponent as NSString).deletingPathExtension
    }
}

private enum PoolKind: String, CaseIterable { case exec, warm }

private enum WorkspaceKind: String, CaseIterable {
    case directory
    case gitWorktree = "git-worktree"
}

private enum LogLevel: String, CaseIterable { case debug, info, notice, warning, error }

/// The resources of setrlimit(2) that a pool may limit, with their numbers on Linux (asm-generic/resource.h).
private let resourceNumbers: KeyValuePairs<String, UInt32> = [
    "cpu": 0, "fsize": 1, "data": 2, "stack": 3, "core": 4, "nproc": 6, "nofile": 7, "memlock": 8, "as": 9,
]
