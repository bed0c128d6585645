import OrchProtocol
import Presentation

/// What a verb that changes tasks has done to each, in words.
enum ChangeSummary {
    /// The most tasks that are told of one by one.
    private static let each = 20

    /// - Parameter done: the past participle: `held`.
    static func text(_ changed: TasksChanged, done: String) -> String {
        text(changed) { $0.unchanged == true ? "was \(done) already" : done }
    }

    static func released(_ changed: TasksChanged) -> String {
        text(changed) { $0.unchanged == true ? "was not held" : "released" }
    }

    /// The same for `stop`, which answers before a running task has come to its end.
    static func stopped(_ changed: TasksChanged) -> String {
        text(changed) { entry in
            switch (entry.state.isFinal, entry.unchanged ?? false) {
            case (true, false): "stopped"
            case (true, true): "had ended already: \(entry.state.rawValue)"
            case (false, false): "is being stopped"
            case (false, true): "is being stopped already"
            }
        }
    }

    /// The same for `pause` and `resume`, which hold and release what does not run.
    static func paused(_ changed: TasksChanged) -> String {
        text(changed) { entry in
            let done = entry.state == .running ? "paused" : "held"
            return entry.unchanged == true ? "was \(done) already" : done
        }
    }
    static func resumed(_ changed: TasksChanged) -> String {
        text(changed) { entry in
            switch (entry.state == .running, entry.unchanged ?? false) {
            case (true, false): "resumed"
            case (true, true): "was not paused"
            case (false, false): "released"
            case (false, true): "was not held"
            }
        }
    }

    /// The same for `clean`, which takes trees as a whole.
    static func removed(_ changed: TasksChanged) -> String {
        let below = changed.count - changed.tasks.count
        let line = below > 0 ? count(below, "below \(changed.tasks.count == 1 ? "it" : "them") removed") : ""
        return text(changed, done: "removed") + line
    }

    private static func text(_ changed: TasksChanged, _ told: (TasksChanged.Entry) -> String) -> String {
        guard !changed.tasks.isEmpty else { return count(changed.count, told(.init(id: 0, state: .cancelled))) }
        guard changed.tasks.count > each else {
            return changed.tasks.map { "task \($0.id) \(told($0))\n" }.joined()
        }
        // Of many, how many there are of each kind, in the order in which the kinds come.
        var kinds: [(told: String, ids: [Int64], isUnchanged: Bool)] = []
        for entry in changed.tasks {
            let words = told(entry)
            if let index = kinds.firstIndex(where: { $0.told == words }) {
                kinds[index].ids.append(entry.id)
            } else {
                kinds.append((words, [entry.id], entry.unchanged ?? false))
            }
        }
        return kinds.map { kind in
            let ids = kind.ids.prefix(each).map { String($0) }.joined(separator: " ") + (kind.ids.count > each ? " …" : "")
            return count(kind.ids.count, kind.told, kind.isUnchanged ? ": \(ids)" : "")
        }.joined()
    }

    private static func count(_ count: Int, _ told: String, _ which: String = "") -> String {
        guard count != 0 else { return "no task was \(told)\n" }
        guard count > 1 else { return "1 task \(told)\(which)\n" }
        let many =
            told.hasPrefix("is ") ? "are " + told.dropFirst(3) : told.hasPrefix("was ") ? "were " + told.dropFirst(4) : told
        return "\(count) tasks \(many)\(which)\n"
    }
}

extension Acknowledged {
    /// The daemon's sentence, as people are to see it.
    var line: String { SafeText.line(message) + "\n" }
}
