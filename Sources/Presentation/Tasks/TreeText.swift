import OrchProtocol

/// A task and all below it, one a row: `orchctl tree`.
public enum TreeText {
    /// - Parameters:
    ///   - top: the task at the top.
    ///   - below: those below it, each after the one that has submitted it.
    public static func make(_ top: TaskRecord, below: [TaskRecord], now: Timestamp) -> Table {
        var table = Table([
            .init("TASK", shrinks: true), .init("STATE"), .init("POOL"), .init("TIME", alignsRight: true),
            .init("COST", alignsRight: true), .init("WITH ALL BELOW", alignsRight: true), .init("REASON", shrinks: true),
        ])
        let children = Dictionary(grouping: below) { $0.parent ?? 0 }
        // A child is younger than its parent, so the last ones first are sums of what is below them.
        var sums = [top.id: top.usage?.cost]
        for task in below { sums[task.id] = task.usage?.cost }
        for task in below.sorted(by: { $0.id > $1.id }) {
            guard let parent = task.parent, let known = sums[parent], let own = sums[task.id] ?? nil else { continue }
            sums[parent] = .some(Usage.sum(known, own))
        }
        // Each with what stands before it: a tree of a thousand levels needs no stack of calls.
        var waiting = [(task: top, mark: "", indent: "")]
        while let (task, mark, indent) = waiting.popLast() {
            let cost = task.usage?.cost
            let sum = sums[task.id] ?? nil
            table.add([
                .init(mark + "\(task.id) " + TaskText.title(task)), .init(TaskText.state(task), TaskText.role(task)),
                .init(SafeText.line(task.pool)), .init(TaskText.duration(task, now: now)),
                .init(cost.map(UsageText.cost) ?? ""), .init(sum == cost ? "" : sum.map(UsageText.cost) ?? ""),
                .init(reason(task), task.state == .failed ? .bad : .dim),
            ])
            let its = children[task.id] ?? []
            for (index, child) in its.enumerated().reversed() {
                let isLast = index == its.count - 1
                waiting.append((child, indent + (isLast ? "└─ " : "├─ "), indent + (isLast ? "   " : "│  ")))
            }
        }
        return table
    }

    private static func reason(_ task: TaskRecord) -> String {
        [task.detached == true ? "detached" : nil, TaskText.reason(task)].compactMap(\.self).joined(separator: "; ")
    }
}
