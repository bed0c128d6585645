import OrchProtocol
import TestSupport
import Testing

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
