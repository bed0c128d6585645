import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// `--needs`: only where all of it is offered.
@Suite struct CapabilityTests {
    private static func pool(_ name: String, _ capabilities: Set<String> = [], agent: String? = nil) -> PoolSettings {
        var pool = PoolSettings(name: name, slots: 1, agent: agent)
        pool.capabilities = capabilities
        return pool
    }

    private static func spec(_ needs: [String], pool: String? = nil) -> TaskSpec {
        .command("true") {
            $0.needs = needs
            $0.pool = pool
        }
    }

    private func submitted(_ rig: Rig, _ spec: TaskSpec) throws -> Submitted {
        guard case .submitted(.one(let answer)) = try rig.ask(.submit(.one(spec)), by: Rig.alice) else {
            throw CancellationError()
        }
        return answer
    }

    @Test func aTaskGoesToTheFirstPoolThatOffersAll() throws {
        let rig = try Rig(pools: [Self.pool("default"), Self.pool("z", ["gpu", "net"]), Self.pool("y", ["gpu"])])
        func pool(_ needs: [String]) throws -> String { try rig.task(submitted(rig, Self.spec(needs)).id).pool }
        #expect(try pool([]) == "default" && pool(["gpu"]) == "y" && pool(["net", "gpu"]) == "z")
        #expect(rig.lanes("z").isEmpty && rig.lanes("y").isEmpty)
        try rig.ask(.drainPool("y"))
        #expect(try pool(["gpu"]) == "z")
    }

    @Test func aPromptGoesOnlyWhereItIsTaken() throws {
        let rig = try Rig(pools: [Self.pool("default"), Self.pool("a", ["gpu"]), Self.pool("b", ["gpu"], agent: "llm")])
        let id = try submitted(rig, .prompt("p") { $0.needs = ["gpu"] }).id
        #expect(try rig.task(id).pool == "b")
    }

    @Test func withoutAnyItWaitsAndGoesWhereAReloadBringsIt() throws {
        let rig = try Rig(pools: [Self.pool("default"), Self.pool("gpus")])
        let free = try submitted(rig, Self.spec(["gpu"]))
        let bound = try submitted(rig, Self.spec(["gpu"], pool: "default"))
        #expect(free.warning == "no worker offers \"gpu\"; the task waits until that changes")
        #expect(try rig.phases([free.id, bound.id]) == [.ready, .ready] && rig.lanes("default") == ["needs": 2])
        rig.pools[1].capabilities = ["gpu"]
        try rig.reload()
        #expect(try rig.task(free.id).pool == "gpus" && rig.task(free.id).phase == .active)
        // Its pool was named, so no other will do.
        #expect(try rig.task(bound.id).pool == "default" && rig.task(bound.id).phase == .ready)
        rig.pools[0].capabilities = ["gpu"]
        try rig.reload()
        #expect(try rig.task(bound.id).phase == .active && rig.lanes("default").isEmpty)
    }

    private static func warm(_ name: String, slots: Int = 2, _ capabilities: Set<String> = []) -> PoolSettings {
        var pool = PoolSettings(name: name, slots: slots, warm: WarmSettings(minReady: slots, fingerprint: 1))
        pool.capabilities = capabilities
        return pool
    }

    @Test func aTaskWaitsUntilAWorkerSaysThatItCan() throws {
        let rig = try Rig(pools: [Self.pool("default"), Self.warm("w")])
        let free = try submitted(rig, Self.spec(["gpu"]))
        #expect(free.warning == "no worker offers \"gpu\"; the task waits until that changes")
        try rig.start(1)
        try rig.start(2)
        try rig.say(1, .ready(capabilities: ["net"], version: nil))
        #expect(try rig.task(free.id).pool == "default")
        let turn = try rig.turn(.worker(2, [.ready(capabilities: ["gpu"], version: nil)], bytes: 1))
        #expect(turn.assigned.map(\.attempt.id) == [2], "and not to the one that was ready before, and cannot")
        #expect(try rig.task(free.id).pool == "w")
        // The worker is busy, and what it could do is still known: also to the next engine.
        try rig.restart()
        let later = try submitted(rig, Self.spec(["gpu"]))
        #expect(later.warning == nil)
        #expect(try rig.task(later.id).pool == "w" && rig.lanes("w") == ["needs:gpu": 1])
    }

    @Test func whatAWorkerCannotDoDoesNotKeepItFromTheRest() throws {
        let rig = try Rig(pools: [Self.warm("default", ["net"])])
        for worker: Int64 in [1, 2] { try rig.start(worker) }
        try rig.say(2, .ready(capabilities: ["gpu", "big"], version: nil))
        let busy = try rig.submit(.command())
        let needing = try rig.submit(Self.spec(["net", "gpu"]))
        let plain = try rig.submit(.command())
        #expect(try rig.phases([busy, needing, plain]) == [.active, .ready, .ready])
        try rig.say(1, .ready(capabilities: [], version: nil))
        #expect(try rig.phases([needing, plain]) == [.ready, .active])
        #expect(try rig.live(of: plain).id == 1)
    }

    @Test func theComplaintSaysWhatWouldDo() {
        let offered: [String: Set<String>] = ["a": ["x"], "b": ["x", "y"]]
        func complaint(_ needs: [String]) -> String { Capabilities.complaint(needs, pool: "a", offered: offered) }
        #expect(complaint(["x", "q"]) == "no worker offers \"q\"")
        #expect(complaint(["x", "y"]) == "the pool \"a\" does not offer \"y\"; the pool \"b\" does")
        #expect(
            Capabilities.complaint(["x", "z"], pool: "c", offered: ["a": ["x"], "b": ["z"], "c": []])
                == "the pool \"c\" does not offer \"x\", \"z\"; no pool offers everything that it needs")
    }

    @Test(arguments: ["", "a b", "a,b", "ü", String(repeating: "x", count: 65)])
    func namesAreWords(name: String) throws {
        let error = try Rig().refusal(.submit(.one(Self.spec([name]))))
        #expect(error.kind == .invalidParameter && error.data?.field == "needs")
    }
}
