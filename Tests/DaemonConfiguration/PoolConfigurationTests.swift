import Foundation
import OrchProtocol
import Platform
import Scheduling
import Settings
import SupervisorLink
import Testing

@testable import DaemonConfiguration
@testable import Engine

/// What `pools.d` says, and the policy that is made of it.
@Suite struct PoolConfigurationTests {
    @Test func whoMayUseAPoolIsReadByName() throws {
        let pool = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/a.toml": #"allow = ["root", "1000", "@daemon", "@1001"]"#,
            "pools.d/b.toml": "allow = []",
        ])
        let settings = try pool.load().pools.map(\.settings)
        let access = try #require(settings[0].access)
        #expect(access.users == [0, 1000] && access.groups == [1, 1001])
        #expect(access.names == ["root", "1000", "@daemon", "@1001"])
        #expect(settings[1].access == PoolAccess(names: [], users: [], groups: []))
        let wrong = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/a.toml": #"allow = ["nobody-at-all", "@none-such", "audio"]"#,
        ])
        #expect(
            wrong.faults() == [
                "pools.d/a.toml:1: there is no user \"nobody-at-all\"", "pools.d/a.toml:1: there is no group \"none-such\"",
                "pools.d/a.toml:1: there is no user \"audio\"; the group is written \"@audio\"",
            ])
    }

    @Test func theProgramsOfAPoolAreInItsPolicy() throws {
        let pool = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/a.toml": "programs = [\"/usr/bin/git\", \"/opt/a b\"]\nuser = \"nobody\"",
        ])
        let policy = try pool.load().policy(defaultUser: "nobody", clientGroup: "orch", file: "orchd.toml")
        #expect(
            policy.contains("\nprogram a /usr/bin/git\nprogram a /opt/a b\nvariable a LANG=C.UTF-8\nvariable a PATH=/"),
            "\(policy)")
        let wrong = try ConfigurationFiles(["orchd.toml": "", "pools.d/a.toml": "programs = [\"git\"]"])
        #expect(
            wrong.faults() == ["pools.d/a.toml:1: programs must be absolute paths, without control characters"])
    }

    /// Users and groups that every Debian has.
    @Test func submittersAreThoseWhoMayUseThePool() throws {
        let text = "user = \"submitter\"\nallow = [\"root\", \"nobody\", \"@games\"]"
        let configuration = try ConfigurationFiles(["orchd.toml": "", "pools.d/s.toml": text]).load()
        #expect(configuration.pools[0].settings.runsAsSubmitter)
        let (nobody, games) = (
            try #require(UserDatabase.user("nobody")?.uid), try #require(UserDatabase.group("games"))
        )
        let lines = try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "f").split(separator: "\n")
        #expect(lines.contains("pool s submitter"))
        // Who has neither a home nor a shell, and who has a home.
        #expect(lines.contains("account \(nobody) nobody - -") && lines.contains { $0.hasSuffix(" games - /usr/games") })
        #expect(lines.contains { $0.hasPrefix("submitter s \(nobody) ") })
        // By its primary group, and by no name in the group's own list.
        #expect(lines.contains { $0.hasSuffix(" \(games)") && $0.hasPrefix("submitter s ") })
        #expect(!lines.contains { $0.hasPrefix("submitter s 0 ") })
        // Without `allow`, all that may talk to the daemon; and administrators everywhere.
        func users(_ settings: String, _ client: String) throws -> [Substring] {
            let files = [
                "orchd.toml": "[access]\nadmin_groups = [\"games\"]", "pools.d/s.toml": "user = \"submitter\"\n" + settings,
            ]
            return try ConfigurationFiles(files).load().policy(defaultUser: "nobody", clientGroup: client, file: "f")
                .split(separator: "\n").filter { $0.hasPrefix("submitter") }
        }
        #expect(try users("", "no-such-group") == users("allow = []", "nogroup"))
        #expect(try users("", "nogroup").contains { $0.hasPrefix("submitter s \(nobody) ") })
        #expect(try !users("", "no-such-group").contains { $0.hasPrefix("submitter s \(nobody) ") })
        let warm = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/s.toml": "user = \"submitter\"\nkind = \"warm\"\ncommand = [\"w\"]",
        ])
        #expect(warm.faults().first?.contains("start before their tasks are submitted") ?? false)
    }

    @Test func theCredentialsOfAPoolAreInItsPolicy() throws {
        let text = "credentials = [\"b\", \"a\"]\ncredential_env = { KEY = \"a\", OTHER = \"c\" }\nuser = \"nobody\""
        let policy = try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": text]).load().policy(
            defaultUser: "nobody", clientGroup: "orch", file: "orchd.toml")
        #expect(policy.hasSuffix("\ncredential p a KEY\ncredential p b\ncredential p c OTHER\n"))
        func fault(_ text: String) throws -> [String] {
            try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": text]).faults()
        }
        #expect(
            try fault("credentials = [\"../shadow\"]")
                == ["pools.d/p.toml:1: a credential cannot be named \"../shadow\""])
        #expect(
            try fault("credential_env = { PATH = \"a\" }")
                == ["pools.d/p.toml:1: a variable for a credential cannot be named \"PATH\""])
        #expect(
            try fault("credential_env = { A = \"a\", B = \"a\" }")
                == ["pools.d/p.toml:1: the credential \"a\" can be in only one variable"])
    }

    @Test func wallsAreReadAndStandInThePolicy() throws {
        let text = "user = \"nobody\"\n[confine]\nread_only = true\nwritable = [\"/srv/a b\"]\nnetwork = false"
        let configuration = try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": text]).load()
        #expect(configuration.pools[0].sandbox == Sandbox(writable: ["/srv/a b"], noNetwork: true))
        let policy = try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "orchd.toml")
        #expect(policy.hasSuffix("\nconfine p network\nconfine p writes\nwritable p /srv/a b\n"))
        func sandbox(_ text: String) throws -> Sandbox? {
            try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": "[confine]\n\(text)"]).load().pools.first?.sandbox
        }
        #expect(try sandbox("network = true") == Sandbox())
        #expect(try sandbox("writable = [\"/srv\"]") == Sandbox(writable: ["/srv"]))
        #expect(try sandbox("read_only = true") == Sandbox(writable: []))
        let wrong = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/p.toml": "[confine]\nread_only = false\nwritable = [\"srv\"]",
        ])
        #expect(
            wrong.faults() == [
                "pools.d/p.toml:3: writable paths must be absolute, without control characters",
                "pools.d/p.toml:3: writable needs read_only = true",
            ])
    }

    @Test func whereOutputGoesIsRead() throws {
        func load(_ text: String) throws -> ConfigurationFiles {
            try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": text])
        }
        let both = try load("output = \"both\"\nidle_timeout = \"5s\"\noutput_limit = \"1M\"").load().pools[0]
        #expect(both.output == .both && both.settings.keepsOutput && both.outputLimit == 1 << 20)
        let journal = try load("output = \"journal\"").load().pools[0]
        #expect(journal.output == .journal && !journal.settings.keepsOutput)
        for line in ["idle_timeout = \"5s\"", "output_limit = \"1M\"", "kind = \"warm\"\ncommand = [\"w\"]"] {
            #expect(
                try load("output = \"journal\"\n\(line)").faults().first?.contains("orchd does not see the output") ?? false)
        }
    }

    @Test func limitsOfAPoolAreRead() throws {
        let pool = try #require(
            try ConfigurationFiles([
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
        let configuration = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/a.toml": repository, "pools.d/b.toml": "workspace = \"directory\"",
        ]).load()
        #expect(configuration.pools.map(\.repository) == ["/srv/my project", nil])
        let policy = try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "f")
        #expect(policy.contains("\nworktree a /srv/my project\n") && !policy.contains("worktree b"))
        let faulty = try ConfigurationFiles([
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
        let files = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/a.toml": "memory = \"2 G\"\ncpu = 0\npids = 1.5\ncpu_weight = \"5\"\n",
            "pools.d/b.toml": "memory = \"2G\"\n[maximum]\nmemory = \"1G\"\nmem = 1\n",
        ])
        #expect(
            files.faults() == [
                "pools.d/a.toml:1: memory must be a size of at least 1M, such as \"512M\" or \"2G\", not \"2 G\"",
                "pools.d/a.toml:2: cpu must be a number of processors from 0.01 to 4096, such as 1.5, not 0",
                "pools.d/a.toml:3: pids must be a whole number from 1 to 4194304, not 1.5",
                "pools.d/a.toml:4: cpu_weight must be a whole number from 1 to 10000, not \"5\"",
                "pools.d/b.toml:1: memory is above its maximum",
                "pools.d/b.toml:4: unknown key \"mem\" in [maximum]",
            ])
    }

    @Test func warmPoolsAreRead() throws {
        let text = "kind = \"warm\"\ncommand = [\"w\", \"-v\"]\nslots = 3\n"
        let files = try ConfigurationFiles([
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
        #expect(warm[0].fingerprint == warm[1].fingerprint && warm[0].fingerprint != warm[2].fingerprint)
        #expect(try files.load().pools == pools)
        let faulty = try ConfigurationFiles([
            "orchd.toml": "", "pools.d/a.toml": "kind = \"warm\"", "pools.d/b.toml": "max_idle = 1\nkind = \"exec\"",
            "pools.d/c.toml": "kind = \"hot\"",
        ])
        #expect(
            faulty.faults() == [
                "pools.d/a.toml:1: a pool with kind = \"warm\" needs a command, such as [\"my-worker\", \"--verbose\"]",
                "pools.d/b.toml:1: max_idle is for pools with kind = \"warm\"",
                "pools.d/c.toml:1: kind must be one of \"exec\", \"warm\", not \"hot\"",
            ])
    }

    @Test func aPolicyNamesUsersByNumber() throws {
        let files = try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": "user = \"daemon\""])
        let lines = try files.load().policy(defaultUser: "nobody", clientGroup: "orch", file: "f").split(separator: "\n")
        #expect(lines[0] == "orchd-policy 1")
        #expect(lines[1].hasPrefix("account 1 daemon ") && lines[2].hasPrefix("pool p 1 1"))
    }

    @Test(arguments: ["root", "no-such-user"]) func aPolicyRefuses(_ user: String) throws {
        let files = try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": "user = \"\(user)\""])
        let configuration = try files.load()
        let error = #expect(throws: ConfigurationError.self) {
            try configuration.policy(defaultUser: "nobody", clientGroup: "orch", file: "f")
        }
        // `orchd check` says the same, whatever the others run as.
        #expect(error?.faults == configuration.userFaults(defaultUser: nil, file: "f"))
        #expect(error?.faults.first?.file.hasSuffix("pools.d/p.toml") == true && error?.faults.first?.line == 1)
    }
}
