/// Whether the connection to the supervisor breaks again and again, and when the next one is tried.
///
/// A supervisor that is replaced or restarted ends a connection once. The same one that does it twice for the same reason will do
/// it for ever: what one of the two says, the other does not take. That is a problem with a name and a slow pace, not news each time.
struct LinkTrouble: Equatable {
    /// How long a connection has to last, in milliseconds, before those that broke are forgotten.
    static let trial: Int64 = 10_000
    private static let shortestDelay = 20
    private static let longestDelay = 5_000

    /// What has ended.
    struct Drop: Equatable {
        /// Why, as a sentence without its subject: "sent something that …".
        var reason: String
        /// Which execution of the supervisor's program it was; nil if it had not said so yet.
        var program: Int64?
    }

    private var last: Drop?
    private(set) var count = 0

    /// Whether the next connection is on trial.
    var isOnTrial: Bool { count > 0 }
    var isNamed: Bool { count >= 2 }

    /// - Returns: whether it has now become a problem.
    mutating func note(_ drop: Drop) -> Bool {
        count = drop == last ? count + 1 : 1
        last = drop
        return count == 2
    }

    /// The connection has lasted.
    mutating func forget() { self = LinkTrouble() }

    /// Milliseconds before the next connection is tried.
    var delay: Int {
        guard count > 1 else { return Self.shortestDelay }
        return min(Self.longestDelay, Self.shortestDelay << min(count * 2, 16))
    }

    /// What is wrong; nil if nothing is.
    var problem: String? {
        guard isNamed, let last else { return nil }
        return "the link to the supervisor breaks again and again: \(last.reason)"
    }
}
