import Agents
import OrchProtocol
import Scheduling
import Testing

@testable import DaemonConfiguration

@Suite struct ConfigurationTests {
    @Test func everyChangeIsTold() throws {
        func load(_ text: String, pool: String) throws -> Configuration {
            try ConfigurationFiles(["orchd.toml": text, "pools.d/a.toml": pool]).load()
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

    @Test func everythingIsRead() throws {
        let files = try ConfigurationFiles([
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
            argv = ["x", ["-m", "{model}"], ["-t", "{thinking}"]]
            command_prefixes = ["/", "!"]
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
            require = "^done"
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
        #expect(agent.arguments == [.single("x"), .group(["-m", "{model}"]), .group(["-t", "{thinking}"])])
        #expect(agent.commandPrefixes == ["/", "!"] && agent.output.required.map(\.source) == ["^done"])
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
        #expect(try ConfigurationFiles(["orchd.toml": ""]).load() == Configuration())
    }

    /// Each fault names file, line and key, and the nearest known key where there is one.
    @Test(arguments: [
        ("orchd.toml", "[daemon]\nsoket = \"x\"", "orchd.toml:2: unknown key \"soket\" in [daemon]; did you mean \"socket\"?"),
        ("orchd.toml", "[deamon]", "orchd.toml:1: unknown key \"deamon\"; did you mean \"daemon\"?"),
        (
            "orchd.toml", "[retention]\n\ncount = \"many\"",
            "orchd.toml:3: count must be a whole number from 0 to 100000000, not \"many\""
        ),
        (
            "orchd.toml", "[retention]\nage = \"soon\"",
            "orchd.toml:2: age must be a duration from 0ms to 3650d, such as \"90s\" or \"10m\", not \"soon\""
        ),
        (
            "orchd.toml", "[retention]\r\n\r\ncount = 1.5\r\n",
            "orchd.toml:3: count must be a whole number from 0 to 100000000, not 1.5"
        ),
        ("orchd.toml", "x = [", nil),
        ("pools.d/p.toml", "slots = -1", "pools.d/p.toml:1: slots must be a whole number from 0 to 10000, not -1"),
        ("pools.d/p.toml", "agent = \"no\"", "pools.d/p.toml:1: there is no agent \"no\": no file agents/no.toml"),
        ("pools.d/p.toml", "umask = 77", "pools.d/p.toml:1: umask must be an octal number in quotes, such as \"077\", not 77"),
        ("pools.d/p.toml", "env = { \"ORCH_X\" = \"1\" }", "pools.d/p.toml:1: a variable cannot be named \"ORCH_X\""),
        ("pools.d/1p.toml", "", "pools.d/1p.toml: a pool's name is a letter and up to 63 letters, digits, - and _"),
        (
            "agents/a.toml", "argv = [\"x\"]\n[thinking]\nlow = \"l\"",
            "agents/a.toml:1: argv has no \"{thinking}\", so [thinking] would have no effect"
        ),
        (
            "agents/a.toml", "argv = [\"x\"]\nmodel = \"m\"",
            "agents/a.toml:2: model would have no effect, since argv has no \"{model}\""
        ),
        (
            "agents/a.toml", "argv = [\"x\", [\"{promt_file}\"]]",
            "agents/a.toml:1: \"{promt_file}\" is not a placeholder; did you mean \"{prompt_file}\"?"
        ),
        ("agents/a.toml", "argv = []", "agents/a.toml:1: argv is empty"),
        ("agents/a.toml", "argv = [1]", nil),
        (
            "agents/a.toml", "argv = [\"x\"]\n[output]\nformat = \"json\"",
            "agents/a.toml: [output] text must say where in the JSON the answer is"
        ),
        (
            "agents/a.toml", "argv = [\"x\"]\n[output]\nformat = \"json\"\ntext = [\"a\", \"/b\"]",
            "agents/a.toml:4: \"a\" is not a JSON pointer; it must begin with \"/\""
        ),
        (
            "agents/a.toml", "argv = [\"x\"]\n[output]\nformat = \"json\"\ntext = { at = \"/a\", att = 1 }",
            "agents/a.toml:4: unknown key \"att\" in [output.text]; did you mean \"at\"?"
        ),
        (
            "agents/a.toml", "argv = [\"x\", [\"{thinking}\"]]\n[thinking]\ndefault = \"a\"\nb = \"c\"",
            "agents/a.toml:3: [thinking] default must be one of its levels: b"
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
        let faults = try ConfigurationFiles(files).faults()
        if let fault { #expect(faults == [fault]) } else { #expect(!faults.isEmpty) }
    }

    /// With the first two the parser overflows the stack.
    @Test(arguments: [
        "a" + String(repeating: ".a", count: 100_000) + " = 1", "[a" + String(repeating: ".a", count: 100_000) + "]",
        "# " + String(repeating: "x", count: 1 << 20),
    ])
    func whatIsFarTooLargeIsRefused(_ text: String) throws {
        #expect(
            try ConfigurationFiles(["orchd.toml": text]).faults() == [
                "orchd.toml: is not a configuration: it has more than 256 KiB or 4096 dots"
            ])
    }

    /// The parser would abort.
    @Test(arguments: [
        "[.a]", "[!x]", " [ {", "\u{FEFF}[#", "a = '''\n[.\n'''\n[=]", "a = [\n[], # ]\n['x']]\n[.", #"a = "\"[""# + "\n[+",
        "[\"a]\"]\n[\n", "a = \"\"\"x\"\"\"\"\n[,]",
    ])
    func aTableHasAName(_ text: String) throws {
        let line = text.split(separator: "\n").count
        #expect(
            try ConfigurationFiles(["orchd.toml": text]).faults() == [
                "orchd.toml:\(line): a table's name is missing after \"[\""
            ])
    }

    @Test(arguments: ["[", "[[", "[]", "[ ]"]) func whatTheParserSaysOfTablesItselfIsLeftToIt(_ text: String) throws {
        let faults = try ConfigurationFiles(["orchd.toml": text]).faults()
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
        let files = try ConfigurationFiles(["orchd.toml": "", "agents/a.toml": text])
        #expect(try files.load().agents["a"]?.arguments == [.single("x"), .group(["[.a]"]), .group(["[."])])
    }

    /// What cannot be read is not empty, and what is not there sets no limits: to go on without it is no answer to a misspelt name.
    @Test(
        arguments: [
            (["pools.d/p.toml": "slots = 1"], ["orchd.toml: does not exist"]),
            (["agents/a.toml": "argv = [\"x\"]"], ["orchd.toml: does not exist"]),
            (
                ["orchd.toml": "", "pools.d": ""],
                ["pools.d: cannot be read as a directory; check that it is one, and its permissions"]
            ),
            (
                ["orchd.toml": "", "agents": ""],
                ["agents: cannot be read as a directory; check that it is one, and its permissions"]
            ),
            (["orchd.toml": ""], []),
        ] as [([String: String], [String])])
    func whatIsMissingOrUnreadableIsSaid(_ files: [String: String], _ faults: [String]) throws {
        #expect(try ConfigurationFiles(files).faults() == faults)
    }

    @Test func faultsHaveAnEnd() throws {
        let text = (0..<10_000).map { "k\($0) = 1" }.joined(separator: "\n")
        #expect(try ConfigurationFiles(["orchd.toml": text]).faults().count == 100)
    }

    @Test func allFaultsAreNamedAtOnce() throws {
        let faults = try ConfigurationFiles(["orchd.toml": "a = 1\nb = 2", "pools.d/p.toml": "slots = \"x\"\nc = 3"]).faults()
        #expect(faults.count == 4)
    }

    @Test func aMissingFileIsAFault() throws {
        let faults = try ConfigurationFiles(["other": ""]).faults()
        #expect(faults == ["orchd.toml: does not exist"])
    }

    @Test(
        arguments: [
            ("1", 1), ("4096", 4096), ("512K", 524_288), ("64M", 67_108_864), ("2g", 2_147_483_648), ("1T", 1_099_511_627_776),
            ("", nil), ("0", nil), ("-1", nil), ("1X", nil), ("M", nil), ("9999999999999999999", nil), ("99999999T", nil),
        ] as [(String, Int64?)])
    func sizes(_ text: String, _ bytes: Int64?) {
        #expect(SizeText.bytes(text) == bytes)
    }
}
