import ArgumentParser
import OrchProtocol
import Presentation

/// What a task may start through its door, on the command line: less than its pool allows.
struct ScopeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A pool that the task may start others in; may be repeated.", valueName: "pool"))
    var scopePool: [String] = []

    @Option(
        help: ArgumentHelp("How many tasks may be started below it, in all.", valueName: "number"),
        transform: ValueRule.whole(0...1_000_000).argument)
    var scopeChildren: Int?

    @Option(
        help: ArgumentHelp("How many of these may run at once.", valueName: "number"),
        transform: ValueRule.whole(1...10_000).argument)
    var scopeRunning: Int?

    @Option(help: ArgumentHelp("What it and these may cost together, such as \"2.50 USD\".", valueName: "amount"))
    var scopeCost: String?

    var isEmpty: Bool {
        scopePool.isEmpty && scopeChildren == nil && scopeRunning == nil && scopeCost == nil
    }

    /// Nil where none of them is given.
    var scope: TaskScope? {
        get throws {
            guard !isEmpty else { return nil }
            let cost = try scopeCost.map { text in
                guard let cost = MoneyText.micros(text) else {
                    throw ValidationError(
                        "--scope-cost must be US dollars with at most six digits after the point, such as \"2.50 USD\", not \"\(text)\""
                    )
                }
                return cost
            }
            return TaskScope(
                pools: scopePool.isEmpty ? nil : scopePool, children: scopeChildren, running: scopeRunning, cost: cost)
        }
    }
}
