import Glibc

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

/// The time of the machine.
public struct SystemTimekeeper: Timekeeper {
    private let origin = ContinuousClock.now

    public init() {}

    public func now() -> Moment { Moment(milliseconds: Self.milliseconds(ContinuousClock.now - origin)) }

    public func wall() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    public func sleep(until moment: Moment) async throws {
        // A moment is a whole millisecond that has begun: rounded down, it would wake up just before.
        try await Task.sleep(until: origin + .milliseconds(moment.milliseconds + 1), clock: .continuous)
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
