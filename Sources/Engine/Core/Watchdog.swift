import Foundation
import Platform
import Scheduling
import Synchronization
import Systemd

/// Tells the service manager that the turn loop turns. Only the loop feeds it, between turns and where a long one continues, so
/// a loop that hangs is noticed.
final class Watchdog: Sendable {
    /// Half of what the service manager asks for, as sd_watchdog_enabled(3) recommends.
    private let interval: Int64?
    private let fed = Mutex<Int64>(0)

    init() { interval = ServiceManager.watchdogInterval.map { Int64($0 * 500) } }

    /// How long the loop may wait, nil for as long as it likes.
    var milliseconds: Int64? {
        guard let interval else { return nil }
        return max(0, fed.withLock { $0 } + interval - Clock.monotonic)
    }

    func feed() {
        guard let interval else { return }
        let now = Clock.monotonic
        let isDue = fed.withLock { fed in
            // Earlier than it must, so that what comes next may take the greater part of the time that is given.
            guard now - fed >= interval / 2 || fed == 0 else { return false }
            fed = now
            return true
        }
        if isDue { ServiceManager.feedWatchdog() }
    }
}

/// Tells the service manager how things stand, at most once a second.
struct StatusLine {
    /// When the next one may be sent, on the monotonic clock.
    private var next: Int64 = 0
    private var isDue = false

    /// How long to wait before something must be sent; negative where there is nothing.
    var milliseconds: Int64 { isDue ? max(0, next - Clock.monotonic) : -1 }

    /// Something may have changed, or the time has come.
    mutating func update(to text: @autoclosure () -> String) {
        guard Clock.monotonic >= next else {
            isDue = true
            return
        }
        ServiceManager.status(text())
        next = Clock.monotonic + 1000
        isDue = false
    }
}
