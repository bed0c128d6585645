/// The two clocks, read once for a turn. Times that people give are on the first, which can be set; durations are on the second.
public struct Now: Sendable, Equatable {
    /// Milliseconds since 1970 on the real-time clock.
    public var wall: Int64
    /// Milliseconds on a clock that nobody can set, and that goes on through suspend: CLOCK_BOOTTIME.
    public var monotonic: Int64
    /// When the next day begins where the daemon is, in milliseconds since 1970.
    public var midnight: Int64

    /// - Parameter midnight: that of Greenwich, where it is not given.
    public init(wall: Int64, monotonic: Int64, midnight: Int64? = nil) {
        self.wall = wall
        self.monotonic = monotonic
        self.midnight = midnight ?? (wall / 86_400_000 + 1) * 86_400_000
    }
}
