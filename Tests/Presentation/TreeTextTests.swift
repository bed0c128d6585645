import OrchProtocol
import Presentation
import Testing

@Suite struct TreeTextTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func task(_ id: Int64, below parent: Int64? = nil, cost: Int64? = nil, _ state: TaskState = .succeeded)
        -> TaskRecord
    {
        var task = TaskRecord(
            id: id, state: state, pool: "work", priority: 0, submitter: 1, submittedAt: Self.now)
        (task.parent, task.name, task.usage) = (parent, "t\(id)", cost.map { Usage(cost: $0) })
        return task
    }

    @Test func eachTaskStandsBelowItsParentWithWhatAllBelowItCost() {
        let below = [
            task(2, below: 1, cost: 100_000), task(3, below: 1), task(4, below: 2, cost: 250_000, .failed),
            task(5, below: 3, cost: 1_000_000), task(6, below: 2),
        ]
        let text = TreeText.make(task(1, cost: 500_000, .running), below: below, now: Self.now).text(style: .plain)
        let rows = text.split(separator: "\n").map { row in
            row.split(separator: "  ").map { $0.trimmingPrefix(" ") }.filter { !$0.isEmpty }
        }
        #expect(rows.map { String($0[0]) } == ["TASK", "1 t1", "├─ 2 t2", "│", "│", "└─ 3 t3", "└─ 5 t5"])
        #expect(text.contains("├─ 4 t4") && text.contains("└─ 6 t6"))
        func costs(_ name: String) -> [String] {
            let row = text.split(separator: "\n").first { $0.contains(name) } ?? ""
            return row.split(separator: " ").filter { $0.hasPrefix("$") }.map(String.init)
        }
        #expect(costs("1 t1") == ["$0.50", "$1.85"])
        #expect(costs("2 t2") == ["$0.10", "$0.35"])
        #expect(costs("3 t3") == ["$1.00"])
        #expect(costs("4 t4") == ["$0.25"] && costs("6 t6").isEmpty)
    }

    /// A damaged row names a parent that is not there, or itself: it is left out, and nothing runs for ever.
    @Test func whatHasNoPlaceIsLeftOut() {
        let text = TreeText.make(task(1), below: [task(2, below: 9), task(3, below: 3)], now: Self.now).text(style: .plain)
        #expect(text.split(separator: "\n").count == 2)
    }
}
