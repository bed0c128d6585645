/// Runs one plan, and says what came of it.
public struct SimulatedRun: Sendable {
    public let plan: Plan
    public let mutation: Mutation?
    public let violations: [String]
    public let trace: Trace
    public let statistics: Statistics

    public var isGood: Bool { violations.isEmpty }

    public init(_ plan: Plan, mutation: Mutation? = nil, keepsTrace: Bool = false) {
        self.plan = plan
        self.mutation = mutation
        do {
            let world = try World(plan, mutation: mutation, keepsTrace: keepsTrace)
            var problem: [String] = []
            do { try world.run() } catch { problem = ["the life could not go on: \(error)"] }
            violations = world.violations.all + problem
            trace = world.trace
            statistics = world.statistics
        } catch {
            violations = ["the life could not begin: \(error)"]
            trace = Trace(keepsLines: false)
            statistics = Statistics()
        }
    }
}
