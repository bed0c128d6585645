import Foundation
import Simulation
import Testing

/// `make simulate` runs seeds that nobody has seen; here are some that everybody has.
@Suite struct SimulationTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func thePromisesHold(part: UInt64) {
        for seed in part * 30..<(part + 1) * 30 {
            let life = SimulatedRun(Plan(seed: seed))
            #expect(life.isGood, "orchd-sim --seed \(seed): \(life.violations)")
        }
    }

    /// Each of these has found a bug once.
    @Test(
        arguments: [
            21, 40, 43, 48, 62, 65, 97, 113, 204, 1_394, 44_001_030, 50_000_563, 50_001_480, 51_000_751, 51_001_084,
            51_002_030, 52_001_872, 53_002_450, 444_165_424, 930_000_069, 2_615_698_297,
        ] as [UInt64])
    func whatHasFailedOnceHolds(seed: UInt64) {
        let life = SimulatedRun(Plan(seed: seed))
        #expect(life.isGood, "orchd-sim --seed \(seed): \(life.violations)")
    }

    @Test func twelveHoursWithUpgradesHold() {
        let life = SimulatedRun(Plan(seed: 12, hours: 12))
        #expect(life.isGood, "orchd-sim --seed 12 --hours 12: \(life.violations)")
        #expect(life.statistics.virtualTime >= 12 * 3_600_000)
    }

    @Test(arguments: 0..<5 as Range<UInt64>)
    func theSameSeedGivesTheSameTrace(seed: UInt64) {
        let lives = [SimulatedRun(Plan(seed: seed)), SimulatedRun(Plan(seed: seed), keepsTrace: true)]
        #expect(lives[0].trace.hash == lives[1].trace.hash)
        #expect(lives[0].trace.lineCount == lives[1].trace.lineCount)
        #expect(lives[0].trace.lineCount > 10)
    }

    /// The simulator is worth what it finds.
    @Test(arguments: Mutation.allCases)
    func everyMutationIsFound(mutation: Mutation) {
        let isFound = (0..<200 as Range<UInt64>).contains { !SimulatedRun(Plan(seed: $0), mutation: mutation).isGood }
        #expect(isFound, "\(mutation) was not found in 200 lives")
    }

    /// Lives in which tasks start tasks, and wait for them and for people.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func thePromisesOfDoorsHold(part: UInt64) throws {
        var loans = 0
        for seed in part * 15..<(part + 1) * 15 {
            let life = try DoorLife(seed: seed)
            try life.run()
            loans += life.loans
            #expect(life.violations.isEmpty, "orchd-sim --doors --seed \(seed): \(life.violations)")
        }
        #expect(loans > 0)
    }

    @Test(arguments: DoorLife.Mutation.allCases)
    func everyMutationOfDoorsIsFound(mutation: DoorLife.Mutation) throws {
        let isFound = try (0..<100 as Range<UInt64>).contains { seed in
            let life = try DoorLife(seed: seed, mutation: mutation)
            try life.run()
            return !life.violations.isEmpty
        }
        #expect(isFound, "\(mutation) was not found in 100 lives")
    }

    @Test func aFailureIsShrunk() {
        let failed = SimulatedRun(Plan(seed: 1), mutation: .ignorePriority)
        var shrinker = Shrinker()
        let short = shrinker.shrink(failed)
        #expect(!short.isGood)
        #expect(short.plan.count <= 3)
        #expect(!short.trace.lines.isEmpty)
    }

    /// Lives leave nothing open behind them.
    @Test func descriptorsAreClosed() throws {
        func open() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        _ = SimulatedRun(Plan(seed: 3))
        let before = try open()
        for seed in 100..<110 as Range<UInt64> { _ = SimulatedRun(Plan(seed: seed)) }
        // Other tests run beside this one, and have a few open for a moment.
        #expect(try open() <= before + 40)
    }
}
