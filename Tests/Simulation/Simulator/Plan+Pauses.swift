import Scheduling
import TestSupport

extension Plan {
    /// Has somebody pause running tasks in half of the lives. It comes from a generator of its own, so that all the others are what they
    /// were before there were any.
    mutating func addPauses() {
        var random = SeededGenerator(seed ^ 0x5A5A_2424_9696_0303)
        guard random.chance(50) else { return }
        var draw = Draw(random: random, pools: pools, span: span, isFlaky: false)
        steps += (0..<max(4, steps.count / 4)).map { _ in
            Step(at: draw.time(), deed: draw.random.chance(60) ? .pauseTasks(draw.tasks()) : .resumeTasks(draw.tasks()))
        }
    }
}
