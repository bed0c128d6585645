import Glibc
import Platform
import Scheduling
import Synchronization

/// Turns for as long as the engine lives, on a thread of its own, since a commit blocks for as long as the disk takes.
final class TurnLoop: Sendable {
    private let inbox: Inbox
    private let performer: EffectPerformer
    private let clockChange: ClockChange
    private let watchdog: Watchdog
    private let isStopped = Mutex(false)
    private let ended = Semaphore()

    init(inbox: Inbox, performer: EffectPerformer, watchdog: Watchdog) throws(SystemError) {
        self.inbox = inbox
        self.performer = performer
        self.watchdog = watchdog
        clockChange = try ClockChange()
    }

    func start(_ runner: TurnRunner<some TurnStore>) throws(SystemError) {
        try startThread("turns") { self.run(runner) }
    }

    /// Ends the loop after the turn that it is in.
    func stop() {
        isStopped.withLock { $0 = true }
        inbox.wakeup.signal()
    }

    /// Returns when the last turn is over and all who waited for an answer have one.
    func waitUntilEnded() { ended.wait() }

    private func run(_ first: TurnRunner<some TurnStore>) {
        var runner = first
        while !isStopped.withLock({ $0 }) {
            watchdog.feed()
            let rest = runner.turn()
            if rest > 0 { wait(milliseconds: min(rest, watchdog.milliseconds ?? rest)) }
        }
        performer.loopEnded()
        ended.signal()
    }

    private func wait(milliseconds: Int64) {
        let ready = waitFor(
            [(inbox.wakeup.descriptor.number, POLLIN), (clockChange.descriptor.number, POLLIN)],
            milliseconds: Int(max(0, milliseconds)))
        if ready[0] != 0 { inbox.wakeup.clear() }
        if ready[1] != 0 { clockChange.rearm() }
    }
}
