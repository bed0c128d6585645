/// What messages are to become, and when: the last state of each wins, and none is edited more often than people can read. It has no clock and does
/// no I/O.
struct SendBook: Sendable {
    /// What of which message.
    struct Target: Hashable, Sendable {
        enum Part: Hashable, Sendable { case text, reaction }

        var message: Snowflake
        var channel: Snowflake
        var part: Part
    }

    enum Work: Hashable, Sendable {
        case edit(MessageDraft)
        /// The message that must be there, and those that may be there and must go.
        case react(String?, insteadOf: [String])
    }

    struct Order: Hashable, Sendable {
        var target: Target
        var work: Work
        var priority: SendPriority
    }

    private struct Entry: Sendable {
        var wanted: Work?
        var priority: SendPriority
        var isFinal: Bool
        var doing: Work?
        var notBefore: Moment
        var failures = 0
        /// Who came first, where priorities are the same.
        var place: UInt64
    }

    private var entries: [Target: Entry] = [:]
    private var places: UInt64 = 0

    static let most = 20_000
    static let spacing: Int64 = 2000
    private static let longestPause: Int64 = 60_000
    /// As many as the limits may let through, and some to choose from.
    private static let mostAtOnce = 16

    var isEmpty: Bool { entries.values.allSatisfy { $0.wanted == nil && $0.doing == nil } }
    var count: Int { entries.count }

    /// Wants a message to become this. What it was to become before is forgotten; after a final state comes nothing. False where too many wait, which a
    /// final state does not.
    mutating func want(_ work: Work, of target: Target, priority: SendPriority, isFinal: Bool, at now: Moment) -> Bool {
        if var entry = entries[target] {
            if entry.isFinal && !isFinal { return true }
            entry.wanted = entry.wanted.map { Self.joined($0, work) } ?? entry.doing.map { Self.joined($0, work) } ?? work
            entry.priority = min(entry.priority, priority)
            entry.isFinal = isFinal
            entries[target] = entry
            return true
        }
        guard entries.count < Self.most || isFinal else { return false }
        places += 1
        entries[target] = Entry(wanted: work, priority: priority, isFinal: isFinal, notBefore: now, place: places)
        return true
    }

    /// What to do now. `done` or `failed` has to follow for each.
    mutating func orders(at now: Moment) -> [Order] {
        let busy = entries.values.count { $0.doing != nil }
        guard busy < Self.mostAtOnce else { return [] }
        let due = entries.filter { $0.value.wanted != nil && $0.value.doing == nil && $0.value.notBefore <= now }
            .sorted { ($0.value.priority, $0.value.place) < ($1.value.priority, $1.value.place) }
        return due.prefix(Self.mostAtOnce - busy).compactMap { target, entry in
            guard let work = entry.wanted else { return nil }
            entries[target]?.doing = work
            entries[target]?.wanted = nil
            entries[target]?.notBefore = now + (target.part == .text ? Self.spacing : 0)
            return Order(target: target, work: work, priority: entry.priority)
        }
    }

    /// When `orders` has something again; nil for after `done`, `failed` or `want`.
    func wake(after now: Moment) -> Moment? {
        let waiting = entries.values.filter { $0.wanted != nil && $0.doing == nil }
        guard entries.values.count(where: { $0.doing != nil }) < Self.mostAtOnce else { return nil }
        return waiting.map { max($0.notBefore, now) }.min()
    }

    mutating func done(_ target: Target, at now: Moment) {
        entries[target]?.doing = nil
        entries[target]?.failures = 0
        forget(at: now)
    }

    /// It did not work. Whether it is tried again; what is wanted by then is what is tried.
    mutating func failed(_ target: Target, _ error: DiscordError, at now: Moment) -> Bool {
        guard var entry = entries[target], let doing = entry.doing else { return false }
        guard error.isPassing else {
            entries[target] = nil
            return false
        }
        entry.doing = nil
        entry.wanted = entry.wanted ?? doing
        entry.failures += 1
        var pause = min(Self.longestPause, 1000 << Int64(min(entry.failures, 6)))
        if case .limited(let wait) = error { pause = max(pause, wait) }
        entry.notBefore = max(entry.notBefore, now + pause)
        entries[target] = entry
        return true
    }

    /// Messages of which nothing is wanted are kept only as long as they say when the next edit may be.
    private mutating func forget(at now: Moment) {
        guard entries.count > Self.tidy || entries.values.contains(where: { $0.wanted == nil && $0.doing == nil && $0.isFinal })
        else { return }
        entries = entries.filter {
            $0.value.wanted != nil || $0.value.doing != nil || !$0.value.isFinal && $0.value.notBefore > now
        }
    }

    private static let tidy = 256

    /// A reaction that may be there already has to go when another is wanted.
    private static func joined(_ old: Work, _ new: Work) -> Work {
        guard case .react(let shown, let before) = old, case .react(let wanted, let others) = new else { return new }
        var gone: [String] = []
        for emoji in before + [shown].compactMap({ $0 }) + others where emoji != wanted && !gone.contains(emoji) {
            gone.append(emoji)
        }
        return .react(wanted, insteadOf: gone)
    }
}
