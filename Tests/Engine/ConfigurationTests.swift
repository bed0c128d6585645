import Agents
import Foundation
import OrchProtocol
import Scheduling
import SupervisorLink
import Testing

@testable import Engine

/// Writes a configuration to a directory of its own.
private struct Files: ~Copyable {
    let directory: String

    init(_ files: [String: String]) throws {
        directory = NSTemporaryDirectory() + "orchd-configuration-\(UUID().uuidString)"
        for (name, text) in files {
            let path = "\(directory)/\(name)"
            let parent = (path as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: path))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func load() throws -> Configuration { try .load(directory + "/orchd.toml") }

    /// The faults, without the directory.
    func faults() -> [String] {
        do {
            _ = try load()
            return []
        } catch let error as ConfigurationError {
            return error.faults.map { $0.description.replacing(directory + "/", with: "") }
        } catch {
            return ["\(error)"]
        }
    }
}

@Suite struct ConfigurationTests {
    @Test func everyChangeIsTold() throws {
        func load(_ text: String, pool: String) throws -> Configuration {
            try Files(["orchd.toml": text, "pools.d/a.toml": pool]).load()
        }
        let old = try load("[budget.b]\ntokens = 1\nper = \"day\"\n[limit.l]\nmax = 1\n", pool: "slots = 1")
        #expect(old.changes(since: old) == [])
        let more = try load("[budget.b]\ntokens = 2\nper = \"day\"\n[limit.m]\nmax = 1\n", pool: "slots = 2")
        #expect(
            more.changes(since: old)
                == ["pool \"a\" has 2 slots", "limit \"l\" removed", "limit \"m\" added", "budget \"b\" changed"])
        var other = old
        other.retentionCount += 1
        #expect(other.changes(since: old) == ["settings of the daemon changed"])
    }

    @Test func whoMayUseAPoolIsReadByName() throws {
        let pool = try Files([
            "orchd.toml": "", "pools.d/a.toml": #"allow = ["root", "1000", "@daemon", "@1001"]"#,
            "pools.d/b.toml": "allow = []",
        ])
        let settings = try pool.load().pools.map(\.settings)
        let access = try #require(settings[0].access)
        #expect(access.users == [0, 1000] && access.groups == [1, 1001])
        #expect(access.names == ["root", "1000", "@daemon", "@1001"])
        #expect(settings[1].access == PoolAccess(names: [], users: [], groups: []))
        let wrong = try Files(["orchd.toml": "", "pools.d/a.toml": #"allow = ["nobody-at-all", "@none-such", "audio"]"#])
        #expect(
            wrong.faults() == [
                "pools.d/a.toml:1: there is no user \"nobody-at-all\"", "pools.d/a.toml:1: there is no group \"none-such\"",
                "pools.d/a.toml:1: there is no user \"audio\"; the group is written \"@audio\"",
            ])
    }

    @Test func theProgramsOfAPoolAreInItsPolicy() throws {
        let pool = try Files([
            "orchd.toml": "", "pools.d/a.toml": "programs = [\"/usr/bin/git\", \"/opt/a b\"]\nuser = \"nobody\"",
        ])
        let policy = try pool.load().policy(defaultUser: "nobody", clientGroup: "orch", file: "orchd.toml")
        #expect(policy.hasSuffix("\nprogram a /usr/bin/git\nprogram a /opt/a b\n"))
        let wrong = try Files(["orchd.toml": "", "pools.d/a.toml": "programs = [\"git\"]"])
        #expect(
            wrong.faults() == ["pools.d/a.toml:1: programs must be absolute paths, without control characters"])
    }

    /// Users and groups that every Debian has.
    @Test func submittersAreThoseWhoMayUseThePool() throws {
        let text = "user = \"submitter\"\nallow = [\"root\", \"nobody\", \"@games\"]"
        let configuration = try Files(["orchd.toml": "", "pools.d/s.toml": text]).load()
        #expect(configuration.pools[0].settings.runsAsSubmitter)
        let (nobody, games) = (
            try #require(getpwnam("nobody")?.pointee.pw_uid), try #require(getgrnam("games")?.pointee.gr_gid)
        )
        let lines = try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "f").split(separator: "\n")
        #expect(lines.dropFirst().first == "pool s submitter")
        #expect(lines.contains { $0.hasPrefix("submitter s \(nobody) ") })
        // By its primary group, and by no name in the group's own list.
        #expect(lines.contains { $0.hasSuffix(" \(games)") && $0.hasPrefix("submitter s ") })
        #expect(!lines.contains { $0.hasPrefix("submitter s 0 ") })
        // Without `allow`, all that may talk to the daemon; and administrators everywhere.
        func users(_ settings: String, _ client: String) throws -> [Substring] {
            let files = [
                "orchd.toml": "[access]\nadmin_groups = [\"games\"]", "pools.d/s.toml": "user = \"submitter\"\n" + settings,
            ]
            return try Files(files).load().policy(defaultUser: "nobody", clientGroup: client, file: "f")
                .split(separator: "\n").filter { $0.hasPrefix("submitter") }
        }
        #expect(try users("", "no-such-group") == users("allow = []", "nogroup"))
        #expect(try users("", "nogroup").contains { $0.hasPrefix("submitter s \(nobody) ") })
        #expect(try !users("", "no-such-group").contains { $0.hasPrefix("submitter s \(nobody) ") })
        let warm = try Files(["orchd.toml": "", "pools.d/s.toml": "user = \"submitter\"\nkind = \"warm\"\ncommand = [\"w\"]"])
        #expect(warm.faults().first?.contains("start before anybody has submitted") ?? false)
    }

    @Test func theCredentialsOfAPoolAreInItsPolicy() throws {
        let text = "credentials = [\"b\", \"a\"]\ncredential_env = { KEY = \"a\", OTHER = \"c\" }\nuser = \"nobody\""
        let policy = try Files(["orchd.toml": "", "pools.d/p.toml": text]).load().policy(
            defaultUser: "nobody", clientGroup: "orch", file: "orchd.toml")
        #expect(policy.hasSuffix("\ncredential p a KEY\ncredential p b\ncredential p c OTHER\n"))
        func fault(_ text: String) throws -> [String] { try Files(["orchd.toml": "", "pools.d/p.toml": text]).faults() }
        #expect(
            try fault("credentials = [\"../shadow\"]")
                == ["pools.d/p.toml:1: a credential cannot be named \"../shadow\""])
        #expect(
            try fault("credential_env = { PATH = \"a\" }")
                == ["pools.d/p.toml:1: a variable for a credential cannot be named \"PATH\""])
        #expect(
            try fault("credential_env = { A = \"a\", B = \"a\" }")
                == ["pools.d/p.toml:1: the credential \"a\" can be in one variable only"])
    }

    @Test func wallsAreReadAndStandInThePolicy() throws {
        let text = "user = \"nobody\"\n[confine]\nread_only = true\nwritable = [\"/srv/a b\"]\nnetwork = false"
        let configuration = try Files(["orchd.toml": "", "pools.d/p.toml": text]).load()
        #expect(configuration.pools[0].confinement == Confinement(writable: ["/srv/a b"], noNetwork: true))
        let policy = try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "orchd.toml")
        #expect(policy.hasSuffix("\nconfine p network\nconfine p writes\nwritable p /srv/a b\n"))
        func confinement(_ text: String) throws -> Confinement? {
            try Files(["orchd.toml": "", "pools.d/p.toml": "[confine]\n\(text)"]).load().pools.first?.confinement
        }
        #expect(try confinement("network = true") == Confinement())
        #expect(try confinement("writable = [\"/srv\"]") == Confinement(writable: ["/srv"]))
        #expect(try confinement("read_only = true") == Confinement(writable: []))
        let wrong = try Files(["orchd.toml": "", "pools.d/p.toml": "[confine]\nread_only = false\nwritable = [\"srv\"]"])
        #expect(
            wrong.faults() == [
                "pools.d/p.toml:3: writable paths must be absolute, without control characters",
                "pools.d/p.toml:3: writable is for read_only = true",
            ])
    }

    @Test func whereOutputGoesIsRead() throws {
        func load(_ text: String) throws -> Files { try Files(["orchd.toml": "", "pools.d/p.toml": text]) }
        let both = try load("output = \"both\"\nidle_timeout = \"5s\"\noutput_limit = \"1M\"").load().pools[0]
        #expect(both.output == .both && both.settings.keepsOutput && both.outputLimit == 1 << 20)
        let journal = try load("output = \"journal\"").load().pools[0]
        #expect(journal.output == .journal && !journal.settings.keepsOutput)
        for line in ["idle_timeout = \"5s\"", "output_limit = \"1M\"", "kind = \"warm\"\ncommand = [\"w\"]"] {
            #expect(try load("output = \"journal\"\n\(line)").faults().first?.contains("nobody looks at the output") ?? false)
        }
    }

    @Test func limitsOfAPoolAreRead() throws {
        let pool = try #require(
            try Files([
                "orchd.toml": "",
                "pools.d/a.toml": """
                memory = "2G"
                swap = 0
                cpu = 1.5
                pids = 200
                user = "nobody"
                [maximum]
                memory = "8G"
                cpu = 2
                io_weight = 500
                """,
            ]).load().pools.first)
        #expect(
            pool.resources.all.map(\.resource) == [.memory, .swap, .cpu, .pids] && pool.resources[.memory] == 2_147_483_648)
        #expect(pool.settings.maximum[.memory] == 8_589_934_592)
        var asked = ResourceLimits()
        asked[.memory] = 17_179_869_184
        #expect(
            pool.order(attempt: 1, name: "1.1", arguments: ["x"], environment: [:], resources: asked).controls
                == [.memory: 8 << 30, .swap: 0, .cpu: 1_500, .pids: 200, .ioWeight: 500])
        var configuration = Configuration()
        configuration.pools = [pool]
        #expect(
            try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "f").hasSuffix(
                "\nlimit a memory 8589934592\nlimit a cpu 2000\nlimit a io_weight 500\n"))
    }

    @Test func repositoriesAreRead() throws {
        let repository = "workspace = \"git-worktree\"\nrepository = \"/srv/my project\"\nuser = \"nobody\"\n"
        let configuration = try Files([
            "orchd.toml": "", "pools.d/a.toml": repository, "pools.d/b.toml": "workspace = \"directory\"",
        ]).load()
        #expect(configuration.pools.map(\.repository) == ["/srv/my project", nil])
        let policy = try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "f")
        #expect(policy.contains("\nworktree a /srv/my project\n") && !policy.contains("worktree b"))
        let faulty = try Files([
            "orchd.toml": "", "pools.d/a.toml": "workspace = \"git-worktree\"", "pools.d/b.toml": "repository = \"/srv\"",
            "pools.d/c.toml": "workspace = \"git-worktree\"\nrepository = \"srv\"",
            "pools.d/d.toml": "workspace = \"git-worktree\"\nrepository = \"/srv\"\nkind = \"warm\"\ncommand = [\"w\"]",
        ])
        #expect(
            faulty.faults() == [
                "pools.d/a.toml:1: workspace = \"git-worktree\" needs a repository, such as \"/srv/project\"",
                "pools.d/b.toml:1: repository is for pools with workspace = \"git-worktree\"",
                "pools.d/c.toml:2: repository must be an absolute path, without control characters",
                "pools.d/d.toml:1: workspace = \"git-worktree\" is not for pools with kind = \"warm\"",
            ])
    }

    @Test func limitsThatAreNoneAreFaults() throws {
        let files = try Files([
            "orchd.toml": "", "pools.d/a.toml": "memory = \"2 G\"\ncpu = 0\npids = 1.5\ncpu_weight = \"5\"\n",
            "pools.d/b.toml": "memory = \"2G\"\n[maximum]\nmemory = \"1G\"\nmem = 1\n",
        ])
        #expect(
            files.faults() == [
                "pools.d/a.toml:1: memory must be a size of at least 1M, such as \"512M\" or \"2G\"",
                "pools.d/a.toml:2: cpu must be a number of processors from 0.01 to 4096, such as 1.5",
                "pools.d/a.toml:3: pids must be a whole number from 1 to 4194304",
                "pools.d/a.toml:4: cpu_weight must be a whole number from 1 to 10000",
                "pools.d/b.toml:1: memory is above its maximum",
                "pools.d/b.toml:4: unknown key \"mem\" in [maximum]",
            ])
    }

    @Test func warmPoolsAreRead() throws {
        let text = "kind = \"warm\"\ncommand = [\"w\", \"-v\"]\nslots = 3\n"
        let files = try Files([
            "orchd.toml": "", "pools.d/a.toml": text,
            "pools.d/b.toml": text + "min_ready = 1\nmax_idle = \"1h\"\nready_timeout = 5\n",
            "pools.d/c.toml": text + "[env]\nA = \"b\"\n",
        ])
        let pools = try files.load().pools
        #expect(pools.map(\.workerCommand) == Array(repeating: ["w", "-v"], count: 3))
        let warm = try pools.map { try #require($0.settings.warm) }
        #expect(warm[0].minReady == .max && warm[0].maxIdle == 300_000 && warm[0].readyTimeout == 60_000)
        #expect(warm[1].minReady == 1 && warm[1].maxIdle == 3_600_000 && warm[1].readyTimeout == 5_000)
        // It tells whether a worker would be started the same way.
        #expect(warm[0].definition == warm[1].definition && warm[0].definition != warm[2].definition)
        #expect(try files.load().pools == pools)
        let faulty = try Files([
            "orchd.toml": "", "pools.d/a.toml": "kind = \"warm\"", "pools.d/b.toml": "max_idle = 1\nkind = \"exec\"",
            "pools.d/c.toml": "kind = \"hot\"",
        ])
        #expect(
            faulty.faults() == [
                "pools.d/a.toml:1: a pool with kind = \"warm\" needs a command, such as [\"my-worker\", \"--verbose\"]",
                "pools.d/b.toml:1: max_idle is for pools with kind = \"warm\"",
                "pools.d/c.toml:1: kind must be one of \"exec\", \"warm\"",
            ])
    }

    @Test func everythingIsRead() throws {
        let files = try Files([
            "orchd.toml": """
            [daemon]
            socket = "/s"
            state_dir = "/d"
            log_level = "warning"
            [access]
            admin_groups = ["a", "b"]
            [retention]
            age = "2d"
            count = 7
            [limits]
            connections = 3
            requests_in_flight = 4
            queued = 5
            """,
            "pools.d/p.toml": """
            slots = 2
            agent = "x"
            user = "u"
            timeout = "1h30m"
            idle_timeout = 90
            grace = "250ms"
            output_limit = "2K"
            retries = 4
            nice = 5
            oom_score_adjust = 100
            umask = "027"
            path = "/p"
            env = { A = "b" }
            [rlimits]
            nofile = 10
            as = 11
            """,
            "agents/x.toml": """
            description = "d"
            argv = ["x", ["-m", "{model}"]]
            model = "m"
            provider = "acme"
            version = ["x", "--version"]
            install = "make x"
            unset = ["NESTED"]
            env = { K = "v" }
            [thinking]
            default = "low"
            low = "1"
            high = "9"
            [output]
            format = "jsonl"
            source = "both"
            text = { at = "/item/text", when = { "/type" = "done" }, combine = "join" }
            error = ["/error/message", { pattern = "Error: {value}" }]
            tokens_in = { at = "/in", combine = "sum" }
            end = { "/type" = ["end", "error"] }
            grace = "5s"
            [[failure]]
            kind = "usage_limit"
            exit = [7, 8]
            when = { "/code" = [429, "limit"] }
            pattern = "limit reached"
            until = { pattern = "until {value}" }
            [[failure]]
            kind = "auth"
            pattern = ["no key", "bad key"]
            always = true
            """,
        ])
        let it = try files.load()
        #expect(it.socket == "/s" && it.stateDirectory == "/d" && it.logLevel == "warning" && it.adminGroups == ["a", "b"])
        #expect(it.retentionAge == 172_800_000 && it.retentionCount == 7)
        #expect(it.connections == 3 && it.requestsInFlight == 4 && it.queued == 5)
        let pool = try #require(it.pool("p"))
        #expect(pool.settings.slots == 2 && pool.settings.agent == "x" && pool.user == "u" && pool.settings.retries == 4)
        #expect(pool.settings.timeout == 5_400_000 && pool.settings.idleTimeout == 90_000 && pool.settings.grace == 250)
        #expect(pool.outputLimit == 2048 && pool.nice == 5 && pool.oomScoreAdjust == 100 && pool.umask == 0o27)
        #expect(pool.path == "/p" && pool.environment == ["A": "b"] && pool.limits == [7: 10, 9: 11])
        let agent = try #require(it.agents["x"])
        #expect(agent.arguments == [.single("x"), .group(["-m", "{model}"])])
        #expect(agent.model == "m" && agent.environment == ["K": "v"] && agent.unset == ["NESTED"])
        #expect(agent.thinking == "low" && agent.thinkingNames == ["low": "1", "high": "9"])
        #expect(it.rules.agents["x"]?.thinking == [.low, .high] && it.rules.agents["x"]?.provider == "acme")
        #expect(agent.provider == "acme" && agent.versionArguments == ["x", "--version"] && agent.installation == "make x")
        #expect(agent.output.format == .jsonl && agent.output.source == .both && agent.output.grace == 5_000)
        #expect(agent.output.text.first?.combination == .join && agent.output.text.first?.conditions.first?.words == ["done"])
        #expect(agent.output.error.count == 2 && agent.output.error.last?.patterns.first?.source == "Error: {value}")
        #expect(agent.output.end.first?.words == ["end", "error"] && agent.output.tokensIn.first?.combination == .sum)
        #expect(agent.failures.map(\.kind) == [.usageLimit, .auth] && agent.failures.map(\.always) == [false, true])
        #expect(agent.failures[0].exits == [7, 8] && agent.failures[0].conditions.first?.words == ["429", "limit"])
        #expect(agent.failures[0].until.count == 1 && agent.failures[1].patterns.count == 2)
    }

    @Test func anEmptyFileIsAllDefaults() throws {
        #expect(try Files(["orchd.toml": ""]).load() == Configuration())
    }

    /// Each fault names file, line and key, and the nearest known key where there is one.
    @Test(arguments: [
        ("orchd.toml", "[daemon]\nsoket = \"x\"", "orchd.toml:2: unknown key \"soket\" in [daemon]; did you mean \"socket\"?"),
        ("orchd.toml", "[deamon]", "orchd.toml:1: unknown key \"deamon\"; did you mean \"daemon\"?"),
        ("orchd.toml", "[retention]\n\ncount = \"many\"", "orchd.toml:3: count must be a whole number from 0 to 100000000"),
        (
            "orchd.toml", "[retention]\nage = \"soon\"",
            "orchd.toml:2: age must be a duration such as \"90s\", \"10m\" or \"30d\""
        ),
        ("orchd.toml", "[retention]\r\n\r\ncount = 1.5\r\n", "orchd.toml:3: count must be a whole number from 0 to 100000000"),
        ("orchd.toml", "x = [", nil),
        ("pools.d/p.toml", "slots = -1", "pools.d/p.toml:1: slots must be a whole number from 0 to 10000"),
        ("pools.d/p.toml", "agent = \"no\"", "pools.d/p.toml:1: there is no agent \"no\": no file agents/no.toml"),
        ("pools.d/p.toml", "umask = 77", "pools.d/p.toml:1: umask must be an octal number in quotes, such as \"077\""),
        ("pools.d/p.toml", "env = { \"ORCH_X\" = \"1\" }", "pools.d/p.toml:1: a variable cannot be named \"ORCH_X\""),
        ("pools.d/1p.toml", "", "pools.d/1p.toml: a pool's name is a letter and up to 63 letters, digits, - and _"),
        ("agents/a.toml", "argv = []", "agents/a.toml:1: argv is empty"),
        ("agents/a.toml", "argv = [1]", nil),
        (
            "agents/a.toml", "argv = [\"x\"]\n[output]\nformat = \"json\"",
            "agents/a.toml: [output] text must say where in the JSON the answer is"
        ),
        (
            "agents/a.toml", "argv = [\"x\"]\n[output]\nformat = \"json\"\ntext = [\"a\", \"/b\"]",
            "agents/a.toml:4: \"a\" is no pointer: it begins with \"/\""
        ),
        (
            "agents/a.toml", "argv = [\"x\"]\n[output]\nformat = \"json\"\ntext = { at = \"/a\", att = 1 }",
            "agents/a.toml:4: unknown key \"att\" in [output.text]; did you mean \"at\"?"
        ),
        (
            "agents/a.toml", "argv = [\"x\"]\n[thinking]\ndefault = \"a\"\nb = \"c\"",
            "agents/a.toml:3: [thinking] default is none of its levels: b"
        ),
        (
            "agents/a.toml", "argv = [\"x\"]\n[[failure]]\nkind = \"auth\"",
            "agents/a.toml: a [[failure]] needs an exit, a when or a pattern"
        ),
        ("agents/command.toml", "argv = [\"x\"]", "agents/command.toml: \"command\" is built in and cannot be defined"),
    ])
    func aFaultIsNamed(_ file: String, _ text: String, _ fault: String?) throws {
        var files = ["orchd.toml": ""]
        files[file] = text
        let faults = try Files(files).faults()
        if let fault { #expect(faults == [fault]) } else { #expect(!faults.isEmpty) }
    }

    /// With the first two the parser overflows the stack.
    @Test(arguments: [
        "a" + String(repeating: ".a", count: 100_000) + " = 1", "[a" + String(repeating: ".a", count: 100_000) + "]",
        "# " + String(repeating: "x", count: 1 << 20),
    ])
    func whatIsFarTooLargeIsRefused(_ text: String) throws {
        #expect(try Files(["orchd.toml": text]).faults() == ["orchd.toml: is no configuration: more than 256 KiB or 4096 dots"])
    }

    /// The parser would abort.
    @Test(arguments: [
        "[.a]", "[!x]", " [ {", "\u{FEFF}[#", "a = '''\n[.\n'''\n[=]", "a = [\n[], # ]\n['x']]\n[.", #"a = "\"[""# + "\n[+",
        "[\"a]\"]\n[\n", "a = \"\"\"x\"\"\"\"\n[,]",
    ])
    func aTableHasAName(_ text: String) throws {
        let line = text.split(separator: "\n").count
        #expect(try Files(["orchd.toml": text]).faults() == ["orchd.toml:\(line): a table's name is missing after \"[\""])
    }

    @Test(arguments: ["[", "[[", "[]", "[ ]"]) func whatTheParserSaysOfTablesItselfIsLeftToIt(_ text: String) throws {
        let faults = try Files(["orchd.toml": text]).faults()
        #expect(faults.count == 1 && faults.first?.contains("table header") == true)
    }

    @Test func whatOnlyLooksLikeATableIsNone() throws {
        let text = """
            argv = [
            'x',
            [ # group
            "[.a]"
            ],
              [
            '''
            [.''' ]]
            [ "env" ]
            '[.b' = '''[.'
            [.'''
            """
        let files = try Files(["orchd.toml": "", "agents/a.toml": text])
        #expect(try files.load().agents["a"]?.arguments == [.single("x"), .group(["[.a]"]), .group(["[."])])
    }

    @Test func faultsHaveAnEnd() throws {
        let text = (0..<10_000).map { "k\($0) = 1" }.joined(separator: "\n")
        #expect(try Files(["orchd.toml": text]).faults().count == 100)
    }

    @Test func allFaultsAreNamedAtOnce() throws {
        let faults = try Files(["orchd.toml": "a = 1\nb = 2", "pools.d/p.toml": "slots = \"x\"\nc = 3"]).faults()
        #expect(faults.count == 4)
    }

    @Test func aMissingFileIsAFault() throws {
        let faults = try Files(["other": ""]).faults()
        #expect(faults == ["orchd.toml: does not exist"])
    }

    @Test func aPolicyNamesUsersByNumber() throws {
        let files = try Files(["orchd.toml": "", "pools.d/p.toml": "user = \"daemon\""])
        let lines = try files.load().policy(defaultUser: "nobody", clientGroup: "orch", file: "f").split(separator: "\n")
        #expect(lines[0] == "orchd-policy 1")
        #expect(lines[1].hasPrefix("pool p 1 1"))
    }

    @Test(arguments: ["root", "no-such-user"]) func aPolicyRefuses(_ user: String) throws {
        let files = try Files(["orchd.toml": "", "pools.d/p.toml": "user = \"\(user)\""])
        let configuration = try files.load()
        #expect(throws: ConfigurationError.self) {
            try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "f")
        }
    }

    @Test(
        arguments: [
            ("1", 1), ("4096", 4096), ("512K", 524_288), ("64M", 67_108_864), ("2g", 2_147_483_648), ("1T", 1_099_511_627_776),
            ("", nil), ("0", nil), ("-1", nil), ("1X", nil), ("M", nil), ("9999999999999999999", nil), ("99999999T", nil),
        ] as [(String, Int64?)])
    func sizes(_ text: String, _ bytes: Int64?) {
        #expect(SizeText.bytes(text) == bytes)
    }

    @Test func limitsAndCapabilitiesAreRead() throws {
        let files = try Files([
            "orchd.toml": """
            [limits]
            usage_limit_wait = "2h"
            [limit.openrouter]
            max = 4
            provider = "open*"
            [limit."core.web"]
            max = 0
            label = "team=core"
            pool = "p"
            agent = "a"
            model = "m"
            """,
            "pools.d/p.toml": "capabilities = [\"gpu\", \"local-model\"]",
        ])
        let configuration = try files.load()
        #expect(configuration.longestWait == 7_200_000)
        #expect(
            configuration.limits == [
                ConcurrencyLimit(
                    name: "core.web", maximum: 0, matcher: TaskMatcher(pool: "p", agent: "a", model: "m", label: "team=core")),
                ConcurrencyLimit(name: "openrouter", maximum: 4, matcher: TaskMatcher(provider: "open*")),
            ])
        #expect(configuration.pools[0].settings.capabilities == ["gpu", "local-model"])
    }

    @Test func faultsOfLimitsAndCapabilitiesAreNamed() throws {
        let files = try Files([
            "orchd.toml": """
            [limit.a]
            provider = "x"
            [limit.b]
            max = -1
            [limit.c]
            max = 1
            provder = "x"
            [limit."d d"]
            max = 1
            """,
            "pools.d/p.toml": "capabilities = [\"a b\"]",
        ])
        #expect(
            files.faults() == [
                "orchd.toml: [limit.a] needs max: how many may run at once",
                "orchd.toml: the name \"d d\" has other characters than letters, digits, \".\", \"-\", \"_\" and \":\"",
                "orchd.toml:4: max must be a whole number from 0 to 1000000",
                "orchd.toml:7: unknown key \"provder\" in [limit.c]; did you mean \"provider\"?",
                "pools.d/p.toml:1: a capability cannot be named \"a b\"",
            ])
    }

    @Test func budgetsAreRead() throws {
        let files = try Files([
            "orchd.toml": """
            [budget.daily]
            amount = "10.5 USD"
            per = "day"
            [budget.core]
            tokens = 1_000_000
            per = "total"
            label = "team=core"
            [budget.each]
            amount = "2 USD"
            per = "task"
            hard = true
            """,
            "pools.d/p.toml": "",
        ])
        #expect(
            try files.load().rules.budgets == [
                Budget(name: "core", amount: .tokens(1_000_000), period: .total, matcher: TaskMatcher(label: "team=core")),
                Budget(name: "daily", amount: .cost(10_500_000), period: .day),
                Budget(name: "each", amount: .cost(2_000_000), period: .task, isHard: true),
            ])
    }

    @Test(arguments: ["10", "10 EUR", "-1 USD", ".5 USD", "1. USD", "1.0000001 USD", "1e3 USD", "9999999999999 USD"])
    func amountsThatAreNoneAreNamed(_ amount: String) throws {
        let files = try Files(["orchd.toml": "[budget.a]\nper = \"day\"\namount = \"\(amount)\"", "pools.d/p.toml": ""])
        #expect(
            files.faults() == [
                "orchd.toml:3: amount must be US dollars with up to six digits after the point, as \"10.00 USD\""
            ])
    }

    @Test func budgetsWithoutAmountOrPeriodAreFaults() throws {
        let files = try Files(["orchd.toml": "[budget.a]\nlabel = \"x\"", "pools.d/p.toml": ""])
        #expect(
            files.faults() == [
                "orchd.toml: [budget.a] needs either amount, as \"10.00 USD\", or tokens",
                "orchd.toml: [budget.a] needs per: \"day\", \"total\" or \"task\"",
            ])
    }

    @Test func routesAndAliasesAreRead() throws {
        let files = try Files([
            "orchd.toml": """
            [alias]
            cheap = "openrouter/tiny"
            [[route]]
            name = "long"
            match = { min_chars = 100, max_chars = 200, pool = "p*", agent = "x", label = "team", submitter = "root" }
            set = { model = "cheap", thinking = "high", pool = "p", priority = -3 }
            [[route]]
            [route.match]
            pattern = "fix|debug"
            ignore_case = true
            submitter = 7
            """,
            "pools.d/p.toml": "agent = \"x\"\ninline_tags = false",
            "agents/x.toml": "argv = [\"x\"]",
        ])
        let configuration = try files.load()
        var long = RouteRule(name: "long")
        (long.match.minimum, long.match.maximum, long.match.pool) = (100, 200, "p*")
        (long.match.agent, long.match.label, long.match.submitter) = ("x", "team", 0)
        (long.choice.model, long.choice.thinking, long.choice.pool, long.choice.priority) = ("cheap", .high, "p", -3)
        var second = RouteRule(name: "route 2")
        (second.match.pattern, second.match.submitter) = (try PromptPattern("fix|debug", ignoresCase: true), 7)
        #expect(configuration.routes == [long, second] && configuration.aliases == ["cheap": "openrouter/tiny"])
        #expect(configuration.pools[0].settings.inlineTags == false)
    }

    @Test func faultsOfRoutesAreNamed() throws {
        let files = try Files([
            "orchd.toml": """
            [[route]]
            match = { pattern = "(", submitter = "nobody-has-this-name" }
            set = { pool = "nowhere", thinking = "hard", priority = 2_000_000 }
            [[route]]
            nam = "x"
            set = { pool = "p" }
            """,
            "pools.d/p.toml": "slots = 1",
        ])
        #expect(
            files.faults().sorted() == [
                "orchd.toml:2: route 1: the pattern is no regular expression: Unmatched ( or \\(",
                "orchd.toml:2: submitter must be a user's name or number",
                "orchd.toml:3: priority must be a whole number from -1000000 to 1000000",
                "orchd.toml:3: route 1: there is no pool \"nowhere\": no file pools.d/nowhere.toml",
                "orchd.toml:3: thinking must be one of \"off\", \"minimal\", \"low\", \"medium\", \"high\", \"xhigh\"",
                "orchd.toml:5: unknown key \"nam\" in [route]; did you mean \"name\"?",
                "orchd.toml:6: route 2: the pool \"p\" has no agent for prompts",
            ])
    }

    @Test func programsOfRoutesAreRead() throws {
        let files = try Files([
            "orchd.toml": """
            [[route]]
            name = "ask"
            program = ["/bin/choose", "--fast"]
            pool = "p"
            timeout = "3s"
            set = { model = "cheap" }
            [[route]]
            name = "later"
            program = ["/bin/choose"]
            pool = "p"
            """,
            "pools.d/p.toml": "",
        ])
        let routes = try files.load().routes
        #expect(routes.map(\.name) == ["ask", "later"] && routes[0].choice.model == "cheap")
        #expect(routes[0].program == RouteRule.Program(command: ["/bin/choose", "--fast"], pool: "p", timeout: 3_000))
        #expect(routes[1].program == RouteRule.Program(command: ["/bin/choose"], pool: "p", timeout: 10_000))
    }

    @Test func faultsOfProgramsAreNamed() throws {
        let files = try Files([
            "orchd.toml": """
            [[route]]
            pool = "p"
            timeout = "1s"
            [[route]]
            program = ["choose"]
            pool = "nowhere"
            timeout = 0
            [[route]]
            name = "same"
            program = ["/bin/choose"]
            pool = "warm"
            [[route]]
            name = "same"
            program = "/bin/choose"
            [[route]]
            name = "none"
            program = []
            """,
            "pools.d/p.toml": "", "pools.d/warm.toml": "kind = \"warm\"\ncommand = [\"/bin/w\"]",
        ])
        #expect(
            files.faults() == [
                "orchd.toml:2: route 1: pool is for rules with a program; what a rule chooses is in set",
                "orchd.toml:3: route 1: timeout is for rules with a program; what a rule chooses is in set",
                "orchd.toml:5: a rule with a program needs a name",
                "orchd.toml:5: route 2: a program is a list of an absolute path and its arguments, as [\"/usr/bin/choose\"]",
                "orchd.toml:6: route 2: there is no pool \"nowhere\": no file pools.d/nowhere.toml",
                "orchd.toml:7: route 2: the timeout of a program is at most an hour, and not 0",
                "orchd.toml:9: same: a rule with a program needs a name that no other rule has",
                "orchd.toml:11: same: the pool \"warm\" has warm workers, which run no program",
                "orchd.toml:14: program must be a list of strings",
                "orchd.toml:14: same: a program needs a pool, whose user and slots run it",
                "orchd.toml:17: none: a program needs a pool, whose user and slots run it",
                "orchd.toml:17: none: a program is a list of an absolute path and its arguments, as [\"/usr/bin/choose\"]",
            ])
    }
}
