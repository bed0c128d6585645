/// A moment of a clock that only goes forward, in milliseconds.
public struct Moment: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (one: Self, other: Self) -> Bool { one.milliseconds < other.milliseconds }
    public static func + (moment: Self, milliseconds: Int64) -> Self { Self(milliseconds: moment.milliseconds + milliseconds) }
    public static func - (one: Self, other: Self) -> Int64 { one.milliseconds - other.milliseconds }
}

/// What time it is. Everything here that waits does it by one of these, so that a test can let hours pass in a moment.
public protocol Timekeeper: Sendable {
    func now() -> Moment
    /// Milliseconds since 1970: what is kept over restarts is on this clock.
    func wall() -> Int64
    /// Throws only when the task is cancelled.
    func sleep(until moment: Moment) async throws
}
