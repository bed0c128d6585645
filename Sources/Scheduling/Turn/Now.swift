/// The two clocks, read once for a turn. Times that people give are on the first, which can be set; durations are on the second.
public struct Now: Sendable, Equatable {
    /// Milliseconds since 1970 on the real-time clock.
    public var wall: Int64
    /// Milliseconds on a clock that nobody can set, and that continues through suspend: CLOCK_BOOTTIME.
    public var monotonic: Int64
    /// The day that it is where the daemon is.
    public var day: Day
    /// For how many percent of the last seconds all that would run on the machine has waited for memory; nil where that is not known.
    public var memoryPressure: Double?

    /// - Parameter day: that of Greenwich, where it is not given.
    public init(wall: Int64, monotonic: Int64, day: Day? = nil) {
        self.wall = wall
        self.monotonic = monotonic
        self.day = day ?? Day(ofGreenwichAt: wall)
    }
}

/// A day of somebody's calendar. Its number says which, whatever is done to the clock in between.
public struct Day: Sendable, Equatable {
    /// Milliseconds of a day on which nobody moves the hands.
    public static let length: Int64 = 86_400_000

    /// How many days it is after the first of January 1970.
    public var number: Int64
    /// When the next one begins, in milliseconds since 1970.
    public var end: Int64

    public init(number: Int64, end: Int64) {
        self.number = number
        self.end = end
    }

    init(ofGreenwichAt wall: Int64) {
        // Towards the past also before 1970.
        number = (wall >= 0 ? wall : wall - Self.length + 1) / Self.length
        end = (number + 1) * Self.length
    }
}
