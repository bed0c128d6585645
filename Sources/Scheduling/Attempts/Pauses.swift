/// When an attempt has been paused. All times are milliseconds; the clock is the monotonic one, but for `sinceWall`.
public struct Pauses: Sendable, Equatable, Codable {
    /// Since when it is; nil while it goes on.
    public var since: Int64?
    public var sinceWall: Int64?
    /// How long it has been before, in all.
    public var total: Int64 = 0
    /// When it last went on.
    public var ended: Int64?

    public init() {}

    public var isPaused: Bool { since != nil }

    mutating func begin(_ now: Now) { (since, sinceWall) = (now.monotonic, now.wall) }

    mutating func end(_ now: Now) {
        if let since { total += max(0, now.monotonic - since) }
        (since, sinceWall, ended) = (nil, nil, now.monotonic)
    }
}
