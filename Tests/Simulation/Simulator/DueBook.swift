import OrchProtocol
import Scheduling

/// A second book of times: nothing comes before it may, and no wait is longer than it should be. It goes by what it has noted itself,
/// on the clock that nobody in the life can set.
struct DueBook {
    /// For each task that waits for another try, the true time from which on that may be made.
    private var tries: [Int64: Int64] = [:]
    /// For each attempt that has been paused: since when it is, for how long it was, and when it last went on, on the monotonic clock.
    private var pauses: [Int64: (since: Int64?, total: Int64, ended: Int64?)] = [:]
    /// How often in a row each gate was closed by somebody who did not know until when.
    private var closings: [String: Int] = [:]
    private var closed: Set<String> = []

    /// How much the real-time clock may be off in milliseconds before the engine takes notice.
    static let tolerance: Int64 = 1_000
    /// Milliseconds until a gate is tried first.
    private static let firstWait: Int64 = 60_000

    // MARK: Waits for another try

    /// A task waits that has been tried, or could not be.
    mutating func waits(_ task: TaskItem, counted: Int, now: Now, elapsed: Int64) -> String? {
        guard let due = task.dueAt else { return "task \(task.id) is delayed and has no time" }
        let wait = due - now.wall
        tries[task.id] = elapsed + wait
        // A start that failed for want of resources is tried again after a second, however often it was tried.
        guard wait != 1_000 else { return nil }
        let base = min(task.retry.delay << min(max(counted - 1, 0), 30), max(RetryPolicy.maximumDelay, task.retry.delay))
        guard (base * 3 / 4...base * 5 / 4 + 1).contains(wait) else {
            return "task \(task.id) waits \(wait) ms for its try \(counted + 1), and not some \(base)"
        }
        return nil
    }

    /// It does no longer, or for something else.
    mutating func forgetWait(of task: Int64) -> Int64? { tries.removeValue(forKey: task) }

    /// It is ready because its time has come.
    mutating func isReady(_ task: Int64, elapsed: Int64) -> String? {
        guard let time = tries.removeValue(forKey: task), elapsed + Self.tolerance < time else { return nil }
        return "task \(task) is tried again \(time - elapsed) ms too early"
    }

    /// Nothing is on its way, and it still waits.
    func isLate(_ task: Int64, elapsed: Int64) -> String? {
        guard let time = tries[task], elapsed > time + Self.tolerance else { return nil }
        return "task \(task) was to be tried again \(elapsed - time) ms ago"
    }

    // MARK: Pauses and timeouts

    mutating func note(_ attempt: Attempt, before: Attempt, now: Now) {
        let isPaused = attempt.pauses?.isPaused ?? false
        guard isPaused != before.pauses?.isPaused ?? false else { return }
        var its = pauses[attempt.id] ?? (nil, 0, nil)
        if let since = its.since { its.total += now.monotonic - since }
        (its.since, its.ended) = isPaused ? (now.monotonic, its.ended) : (nil, now.monotonic)
        pauses[attempt.id] = its
    }

    mutating func forget(_ attempt: Int64) { pauses[attempt] = nil }

    func paused(_ attempt: Int64, now: Now) -> Int64 {
        guard let its = pauses[attempt] else { return 0 }
        return its.total + (its.since.map { now.monotonic - $0 } ?? 0)
    }

    /// When it was last seen to do something by being let go.
    func resumed(_ attempt: Int64) -> Int64? { pauses[attempt]?.ended }

    /// An attempt is to be ended, since it has run out of time.
    ///
    /// - Parameter lastWrite: when it last wrote, on the monotonic clock; nil where that is not known for certain.
    func complaint(
        about attempt: Attempt, of task: TaskItem, _ cause: StopCause, start: Int64, lastWrite: Int64?, now: Now
    ) -> String? {
        guard cause == .runTimeout || cause == .idleTimeout, !attempt.isRouting else { return nil }
        if pauses[attempt.id]?.since != nil { return "attempt \(attempt.id) is paused, and is ended for a timeout" }
        if cause == .runTimeout {
            let age = now.monotonic - start - paused(attempt.id, now: now)
            guard let timeout = task.timeout else { return "attempt \(attempt.id) is ended for a timeout that it has not" }
            return age >= timeout ? nil : "attempt \(attempt.id) has run \(age) ms, and is ended for its timeout of \(timeout)"
        }
        guard let timeout = task.idleTimeout else {
            return "attempt \(attempt.id) is ended for an idle timeout that it has not"
        }
        let quiet = now.monotonic - max(start, resumed(attempt.id) ?? start, lastWrite ?? start)
        return quiet >= timeout
            ? nil : "attempt \(attempt.id) was quiet for \(quiet) ms, and is ended for its idle timeout of \(timeout)"
    }

    // MARK: Gates

    mutating func save(_ gate: Gate, now: Now, longest: Int64) -> String? {
        guard gate.name.hasPrefix(GateName.agentPrefix) else { return nil }
        guard let until = gate.until else {
            closed.remove(gate.name)
            return nil
        }
        // Somebody knows until when, and so nothing is counted.
        guard gate.isRelative else {
            closed.insert(gate.name)
            closings[gate.name] = 0
            return nil
        }
        // Several that ran at once tell of the same limit.
        if closed.insert(gate.name).inserted { closings[gate.name, default: 0] += 1 }
        let count = closings[gate.name] ?? 1
        let most = min(Self.firstWait << min(max(count, 1) - 1, 20), longest)
        guard until - now.wall > most + Self.tolerance else { return nil }
        return "\(gate.name) is closed for \(until - now.wall) ms, and has been met \(count) times in a row"
    }

    mutating func removeGate(_ name: String) {
        closed.remove(name)
        closings[name] = nil
    }
}
