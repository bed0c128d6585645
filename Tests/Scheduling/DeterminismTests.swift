import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

@Suite struct DeterminismTests {
    /// Two engines on two stores, with the same inputs at the same times: the same effects.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func theSameInputsGiveTheSameEffects(seed: UInt64) throws {
        let rigs = [try Rig(slots: 2), try Rig(slots: 2)]
        for rig in rigs { rig.cycle = 5 }
        var random = SeededGenerator(seed)
        for step in 0..<60 {
            var inputs: [Input] = []
            let live = try rigs[0].liveAttempts()
            for attempt in live where random.chance(40) {
                if attempt.state == .dispatched {
                    inputs.append(.started(rigs[0].starting(attempt.id)))
                } else {
                    inputs.append(.ended(rigs[0].ending(attempt.id, random.chance(50) ? .exited(0) : .exited(1))))
                }
            }
            let spec = TaskSpec.command {
                $0.retries = 2
                $0.priority = Int.random(in: 0...3, using: &random)
                $0.env = ["A": "1", "B": "2", "C": "3"]
                $0.labels = ["x": "1", "y": "2"]
            }
            inputs.append(.command(.submit(.many([spec, spec])), by: Rig.alice, reply: ReplyToken(UInt64(step))))
            if random.chance(10) {
                inputs.append(.command(.cancel(CancelParameters(all: true)), by: Rig.admin, reply: ReplyToken(0)))
            }
            if random.chance(10) { inputs.append(.configured([PoolSettings(name: "default", slots: step % 4)])) }
            for rig in rigs { rig.advance(500) }
            let turns = try rigs.map { try $0.turn(inputs) }
            #expect(turns[0] == turns[1], "seed \(seed), step \(step)")
        }
    }
}
