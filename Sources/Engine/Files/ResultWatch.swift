import Agents

/// When to look whether a program that has gone quiet has printed its whole result: agents that do so, and then do not exit.
struct ResultWatch {
    /// By the name of the attempt, on the monotonic clock, in milliseconds.
    private var due: [String: Int64] = [:]

    /// It has begun, or has written something.
    mutating func note(_ name: String, _ entry: LiveAttempts.Entry, now: Int64) {
        guard let grace = entry.agent?.output.grace else { return }
        due[name] = now + grace
    }

    mutating func forget(_ name: String) { due[name] = nil }

    /// Milliseconds until the first is due; nil where none is.
    func wait(now: Int64) -> Int64? { due.values.min().map { max(0, $0 - now) } }

    /// The attempts to be looked at. They are looked at again only when they have written more.
    mutating func take(now: Int64) -> [String] {
        let names = due.filter { $0.value <= now }.keys.sorted()
        for name in names { due[name] = nil }
        return names
    }
}
