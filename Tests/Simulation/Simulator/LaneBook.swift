import OrchProtocol
import Scheduling

/// A second book of what keeps tasks from starting: gates that are closed, and limits, which are held against what the tasks
/// say themselves and not against their lanes.
struct LaneBook {
    private(set) var gates: [String: Gate] = [:]
    /// Those that the next turn goes by.
    var limits: [ConcurrencyLimit] = []

    mutating func save(_ gate: Gate) { gates[gate.name] = gate }
    mutating func remove(_ gate: String) { gates[gate] = nil }

    /// The names of the closed gates that a task has to pass.
    func closed(for task: TaskItem) -> [Substring] {
        GateName.names(in: task.lane).filter {
            $0 == GateName.needs || $0.hasPrefix(GateName.spentPrefix) || gates[String($0)]?.isClosed ?? false
        }
    }

    /// The limits that a task is under which are exceeded, or where it does not run itself, reached.
    func reached(by task: TaskItem, running: [TaskItem]) -> [ConcurrencyLimit] {
        limits.filter { limit in
            guard Self.covers(limit, task) else { return false }
            let count = running.count { Self.covers(limit, $0) }
            return task.phase == .active ? count > limit.maximum : count >= limit.maximum
        }
    }

    private static func covers(_ limit: ConcurrencyLimit, _ task: TaskItem) -> Bool {
        // A program that is asked about it is no work of its own.
        if task.definition.routing != nil { return false }
        if let pool = limit.matcher.pool, pool != task.pool { return false }
        guard let label = limit.matcher.label else { return true }
        return task.definition.labels.contains { "\($0.key)=\($0.value)" == label }
    }

    /// Whether nothing but a slot keeps a ready task from starting.
    func isOpen(_ task: TaskItem, running: [TaskItem]) -> Bool {
        closed(for: task).isEmpty && reached(by: task, running: running).isEmpty
    }
}
