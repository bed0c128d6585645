import Scheduling
import Synchronization

/// The clocks of the simulated machine: they move only when somebody moves them.
final class VirtualClock: Sendable {
    private struct State {
        /// Milliseconds since the beginning of the life: what nobody in it can see.
        var elapsed: Int64 = 0
        var wallOffset: Int64 = 1_800_000_000_000
        var bootedAt: Int64 = -10_000
    }

    private let state = Mutex(State())

    var elapsed: Int64 { state.withLock { $0.elapsed } }

    var now: Now {
        state.withLock { Now(wall: $0.elapsed + $0.wallOffset, monotonic: $0.elapsed - $0.bootedAt) }
    }

    /// Time does not go back: an earlier one changes nothing.
    func advance(to elapsed: Int64) { state.withLock { $0.elapsed = max($0.elapsed, elapsed) } }
    func advance(by milliseconds: Int64) { state.withLock { $0.elapsed += milliseconds } }

    /// Somebody sets the real-time clock.
    func set(by step: Int64) { state.withLock { $0.wallOffset += step } }

    /// The monotonic clock begins anew.
    func boot() { state.withLock { $0.bootedAt = $0.elapsed - 10_000 } }
}
