import DaemonConfiguration
import OrchProtocol
import Scheduling
import Testing

/// `[spawn]` of pools.
@Suite struct SpawnConfigurationTests {
    private func files(_ lead: String, _ others: [String: String] = [:], main: String = "") throws -> ConfigurationFiles {
        var files = ["orchd.toml": main, "pools.d/lead.toml": lead, "pools.d/work.toml": ""]
        files.merge(others) { $1 }
        return try ConfigurationFiles(files)
    }

    @Test func whatIsLeftOutHasItsDefault() throws {
        #expect(try files("").load().pool("lead")?.settings.spawn == nil)
        #expect(
            try files("[spawn]\npools = [\"work\"]").load().pool("lead")?.settings.spawn
                == SpawnRules(pools: ["work"], depth: 3, children: 50, running: nil, parked: nil, detach: false))
        let all = "[spawn]\npools = []\ndepth = 2\nchildren = 7\nrunning = 4\nparked = 0\ndetach = true"
        #expect(
            try files(all).load().pool("lead")?.settings.spawn
                == SpawnRules(pools: [], depth: 2, children: 7, running: 4, parked: 0, detach: true))
    }

    @Test(
        arguments: [
            ("[spawn]", "[spawn] needs pools"),
            ("[spawn]\npools = [\"none\"]", "lead.toml:2: there is no pool \"none\": no file pools.d/none.toml"),
            ("[spawn]\npools = []\ndepth = 0", "lead.toml:3: depth"), ("[spawn]\npools = []\ndepth = 33", "lead.toml:3: depth"),
            ("[spawn]\npools = []\nrunning = 0", "lead.toml:3: running"),
            ("[spawn]\npools = []\nchildren = -1", "lead.toml:3: children"),
            ("[spawn]\npools = []\nchild = 3", "lead.toml:3: "), ("[spawn]\npools = \"work\"", "lead.toml:2: pools"),
            ("spawn = 3", "lead.toml:1: spawn"),
        ])
    func aFaultIsNamed(_ lead: String, _ fault: String) throws {
        let faults = try files(lead).faults()
        #expect(faults.count == 1 && faults[0].contains(fault), "\(faults)")
    }

    /// A task whose pool has one user for all must not become any user who submits. The policy cannot be made of it either, as it is made of
    /// what was read.
    @Test(arguments: [("", true), ("user = \"submitter\"\n", false), ("user = \"nobody\"\n", true)])
    func aSubmittersPoolIsForOneLikeIt(_ user: String, _ isFault: Bool) throws {
        let files = try files(user + "[spawn]\npools = [\"own\"]", ["pools.d/own.toml": "user = \"submitter\""])
        let faults = files.faults()
        #expect(faults.isEmpty != isFault)
        guard isFault else { return }
        #expect(faults[0].contains("a task of this pool could become any user who submits to it"), "\(faults)")
        #expect(throws: (any Error).self) {
            try files.load().policy(defaultUser: "nobody", clientGroup: "orch", file: "orchd.toml")
        }
    }

    @Test func anAgentThatNothingLimitsIsAWarning() throws {
        let agent = ["agents/a.toml": "prompt = \"argument\"\nargv = [\"a\", \"{prompt}\"]"]
        let lead = "agent = \"a\"\n[spawn]\npools = [\"work\"]"
        let warnings = try files(lead, agent).load().warnings
        #expect(warnings.count == 1 && warnings[0].contains("the pool \"lead\" has an agent and [spawn]"), "\(warnings)")
        let budget = "[budget.tree]\namount = \"1 USD\"\nper = \"tree\""
        #expect(try files(lead, agent, main: budget).load().warnings.isEmpty)
        #expect(try files("agent = \"a\"\n[spawn]\npools = []", agent).load().warnings.isEmpty)
        #expect(try files("[spawn]\npools = [\"work\"]", agent).load().warnings.isEmpty)
    }
}
