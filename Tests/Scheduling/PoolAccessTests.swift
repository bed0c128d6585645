import OrchProtocol
import TestSupport
import Testing
import Text

@testable import Scheduling

/// `allow`: who may send tasks to a pool.
@Suite struct PoolAccessTests {
    private static let developer = Requester(uid: 1002, isAdministrator: false, groups: [50, 70])

    private static func closed(_ name: String, agent: String? = nil) -> PoolSettings {
        var pool = PoolSettings(name: name, slots: 1, agent: agent)
        pool.access = PoolAccess(names: ["alice", "@devs"], users: [Rig.alice.uid], groups: [70])
        pool.capabilities = ["gpu"]
        return pool
    }

    private func answer(_ rig: Rig, _ spec: TaskSpec, by requester: Requester) throws -> Reply {
        try rig.ask(.submit(.one(spec)), by: requester)
    }

    private func isTaken(_ reply: Reply) -> Bool { if case .submitted = reply { true } else { false } }

    private func refusal(_ reply: Reply) -> WireError? { if case .failed(let error) = reply { error } else { nil } }

    @Test func itsUsersItsGroupsAndAdministratorsMay() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 1), Self.closed("gpus")])
        let spec = TaskSpec.command("true") { $0.pool = "gpus" }
        for requester in [Rig.alice, Self.developer, Rig.admin] {
            #expect(isTaken(try answer(rig, spec, by: requester)))
        }
        let error = try #require(try refusal(answer(rig, spec, by: Rig.bob)))
        #expect(error.kind == .forbidden && error.data?.field == "pool")
        #expect(error.message == "the pool \"gpus\" is for alice, @devs and administrators, not for uid 1001")
        #expect(isTaken(try answer(rig, .command("true"), by: Rig.bob)))
    }

    @Test func nothingIsRunAsRoot() throws {
        var pool = PoolSettings(name: "own", slots: 0)
        pool.runsAsSubmitter = true
        pool.capabilities = ["gpu"]
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 0), pool])
        let root = Requester(uid: 0, isAdministrator: true)
        let spec = TaskSpec.command("true") { $0.pool = "own" }
        let error = try #require(try refusal(answer(rig, spec, by: root)))
        #expect(error.kind == .invalidParameter && error.message.contains("never as root"))
        #expect(isTaken(try answer(rig, .command("true") { $0.needs = ["gpu"] }, by: root)))
        #expect(try rig.task(1).pool == "default")
        // It is the task's submitter that counts, not who changes it.
        var change = UpdateParameters(id: 1)
        change.pool = "own"
        #expect(try refusal(rig.ask(.update(change), by: root))?.kind == .invalidParameter)
        #expect(isTaken(try answer(rig, .command("true"), by: Rig.alice)))
        change = UpdateParameters(id: 2)
        change.pool = "own"
        _ = try rig.ask(.update(change), by: root)
        #expect(try rig.task(2).pool == "own")
    }

    /// A variable or a directory says as much about what a program does as its name.
    @Test func aPoolWithProgramsTakesWhatItListsAndNothingElse() throws {
        var vault = PoolSettings(name: "vault", slots: 0)
        vault.programs = ["/bin/true"]
        vault.openVariables = ["LANG", "LC_*"].compactMap(NamePattern.init)
        vault.directories = ["/srv/app"]
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 0), vault])
        func answer(_ name: String, _ directory: String?, in pool: String) throws -> Reply {
            let spec = TaskSpec.command("/bin/true") {
                $0.pool = pool
                $0.env = [name: "x"]
                $0.cwd = directory
            }
            return try self.answer(rig, spec, by: Rig.admin)
        }
        for (name, directory) in [("LANG", nil), ("LC_ALL", "/srv/app"), ("LC_", "/srv/app/below")] as [(String, String?)] {
            #expect(isTaken(try answer(name, directory, in: "vault")), "\(name)")
        }
        for name in ["LD_PRELOAD", "PATH", "HOME", "LANGUAGE", "lang", "A"] {
            let error = try #require(try refusal(answer(name, nil, in: "vault")))
            #expect(error.data?.field == "env" && error.message.contains("no variables but LANG, LC_*"), "\(error)")
        }
        for directory in ["/", "/srv", "/srv/application", "/srv/app/../x", "/home/mine"] {
            #expect(try refusal(answer("LANG", directory, in: "vault"))?.data?.field == "cwd", "\(directory)")
        }
        #expect(isTaken(try answer("LD_PRELOAD", "/home/mine", in: "default")))
        // Nor by way of another pool.
        var change = UpdateParameters(id: 4)
        change.pool = "vault"
        #expect(try refusal(rig.ask(.update(change), by: Rig.admin)) != nil)
    }

    /// What somebody asks for has a bound; what an administrator wants, or has written into a rule, has none.
    @Test func aPoolHasAHighestPriority() throws {
        var bounded = PoolSettings(name: "bounded", slots: 0)
        bounded.maximumPriority = 5
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 0), bounded])
        func spec(_ priority: Int?, _ pool: String = "bounded") -> TaskSpec {
            .command("true") { ($0.pool, $0.priority) = (pool, priority) }
        }
        for priority in [nil, -9, 0, 5] { #expect(isTaken(try answer(rig, spec(priority), by: Rig.alice))) }
        #expect(isTaken(try answer(rig, spec(6), by: Rig.admin)))
        #expect(isTaken(try answer(rig, spec(1_000_000, "default"), by: Rig.alice)))
        let error = try #require(try refusal(answer(rig, spec(6), by: Rig.alice)))
        #expect(error.data?.field == "priority" && error.message.contains("at most 5 in the pool \"bounded\""), "\(error)")
        // Neither by a change, nor by a move of what was given elsewhere.
        var change = UpdateParameters(id: 1)
        change.options.priority = 6
        #expect(try refusal(rig.ask(.update(change), by: Rig.alice))?.data?.field == "priority")
        #expect(try refusal(rig.ask(.update(change), by: Rig.admin)) == nil)
        change.options.priority = 5
        #expect(try refusal(rig.ask(.update(change), by: Rig.alice)) == nil)
        change = UpdateParameters(id: 6)
        change.pool = "bounded"
        #expect(try refusal(rig.ask(.update(change), by: Rig.alice))?.data?.field == "pool")
        change.options.priority = 2
        #expect(try refusal(rig.ask(.update(change), by: Rig.alice)) == nil)
        #expect(try rig.task(6).pool == "bounded")
    }

    @Test func anEmptyListIsForAdministratorsOnly() throws {
        var pool = PoolSettings(name: "default", slots: 1)
        pool.access = PoolAccess(names: [], users: [], groups: [])
        let rig = try Rig(pools: [pool])
        let error = try #require(try refusal(answer(rig, .command("true"), by: Rig.alice)))
        #expect(error.message == "the pool \"default\" is for administrators only, not for uid 1000")
        #expect(isTaken(try answer(rig, .command("true"), by: Rig.admin)))
    }

    @Test func nobodyGetsThereByWhatATaskNeedsOrByAChange() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 0), Self.closed("gpus")])
        let needy = TaskSpec.command("true") { $0.needs = ["gpu"] }
        #expect(isTaken(try answer(rig, needy, by: Rig.bob)))
        #expect(isTaken(try answer(rig, needy, by: Rig.alice)))
        #expect(try rig.task(1).pool == "default" && rig.task(2).pool == "gpus")
        // Not by a reload either, which places it anew.
        try rig.reload()
        #expect(try rig.task(1).pool == "default")
        var change = UpdateParameters(id: 1)
        change.pool = "gpus"
        #expect(try refusal(rig.ask(.update(change), by: Rig.bob))?.kind == .forbidden)
        #expect(try rig.task(1).pool == "default")
    }

    @Test func nobodyGetsThereAgainWhoMayNoLonger() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 1), Self.closed("gpus")])
        let named = try rig.submit(.command { $0.pool = "gpus" }, by: Rig.alice)
        let other = try rig.submit(.command(), by: Rig.alice)
        try rig.ask(.cancel(CancelParameters(ids: [named, other])), by: Rig.alice)
        for id in [named, other] { try rig.end(rig.live(of: id).id, .signalled(15), stopped: true) }
        rig.pools[1].access = PoolAccess(names: [], users: [], groups: [])
        try rig.reload()
        #expect(try refusal(rig.ask(.retry([named]), by: Rig.alice))?.kind == .forbidden)
        #expect(try refusal(rig.ask(.retry([other]), by: Rig.alice)) == nil)
        #expect(try refusal(rig.ask(.retry([named]))) == nil)
    }

    @Test func aRuleMaySendAnybodyThere() throws {
        var choice = RouteRule.Choice()
        choice.pool = "agents"
        let rules = Rules(agents: ["llm": AgentSettings()], routes: [RouteRule(name: "all", choice: choice)])
        let rig = try Rig(
            pools: [PoolSettings(name: "default", slots: 1, agent: "llm"), Self.closed("agents", agent: "llm")], rules: rules)
        #expect(isTaken(try answer(rig, .prompt("p"), by: Rig.bob)))
        #expect(try rig.task(1).pool == "agents")
        #expect(try refusal(answer(rig, .prompt("p") { $0.pool = "agents" }, by: Rig.bob))?.kind == .forbidden)
    }
}
