import OrchProtocol
import Scheduling
import TestSupport
import Testing

/// What a task may ask for.
@Suite struct ResourceTests {
    private func pool(_ name: String = "default", warm: WarmSettings? = nil) -> PoolSettings {
        var pool = PoolSettings(name: name, slots: 1, warm: warm)
        pool.maximum[.memory] = 1_073_741_824
        pool.maximum[.cpu] = 1.5
        return pool
    }

    private func spec(_ resource: ResourceLimits.Resource, _ amount: Double) -> TaskSpec {
        .command {
            $0.resources = ResourceLimits()
            $0.resources?[resource] = amount
        }
    }

    @Test func whatIsAskedForIsKept() throws {
        let rig = try Rig(pools: [pool()])
        let id = try rig.submit(spec(.memory, 1_073_741_824))
        let task = try rig.task(id)
        #expect(task.definition.resources?[.memory] == 1_073_741_824 && task.definition.resources?.all.count == 1)
        #expect(try rig.task(rig.submit(.command { _ in })).definition.resources == nil)
    }

    @Test(
        arguments: [
            (.memory, 1, "\"[1].resources.memory\" must be a whole number from 1048576 to 9007199254740992, not 1"),
            (.memory, 2_147_483_648, "the pool \"default\" allows memory up to 1073741824, not 2147483648"),
            (.cpu, 2, "the pool \"default\" allows cpu up to 1.5, not 2"),
            (.cpu, 0, "\"[1].resources.cpu\" must be a number from 0.01 to 4096, not 0"),
            (.pids, 1.5, "\"[1].resources.pids\" must be a whole number from 1 to 4194304, not 1.5"),
        ] as [(ResourceLimits.Resource, Double, String)])
    func whatIsTooMuchIsRefused(_ resource: ResourceLimits.Resource, _ amount: Double, _ problem: String) throws {
        let error = try Rig(pools: [pool()]).refusal(.submit(.many([.command { _ in }, spec(resource, amount)])))
        #expect(error.data?.field == "[1].resources.\(resource.rawValue)" && error.message == problem, "\(error.message)")
    }

    @Test func workersThatAreStartedAheadAreLimitedByTheirPool() throws {
        let warm = WarmSettings(minReady: 1, maxIdle: 1, readyTimeout: 1, fingerprint: 1)
        let error = try Rig(pools: [pool(warm: warm)]).refusal(.submit(.one(spec(.cpu, 1))))
        #expect(error.data?.field == "resources" && error.message.contains("start before the task is known"))
    }
}
