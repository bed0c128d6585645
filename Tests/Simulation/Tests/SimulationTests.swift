import Simulation
import Testing

@Suite struct SimulationTests {
    @Test func thePromisesHold() {
        for seed in 0..<40 as Range<UInt64> {
            let life = Life(Plan(seed: seed))
            #expect(life.isGood, "seed \(seed): \(life.violations)")
        }
    }
}
