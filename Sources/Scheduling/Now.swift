/// The two clocks, read once for a turn. Times that people give are on the first, which can be set; durations are on the second.
public struct Now: Sendable, Equatable {
    /// Milliseconds since 1970 on the real-time clock.
    public var wall: Int64
    /// Milliseconds on a clock that nobody can set, and that goes on through suspend: CLOCK_BOOTTIME.
    public var monotonic: Int64

    public init(wall: Int64, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}
