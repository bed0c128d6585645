import CLinux
import Glibc
import Platform
import Synchronization

/// What tells the engine from outside of it: signals, and the end of the user who started it.
public struct OutsideEvents: Sendable {
    let signals: Descriptor
    /// Ends when the process that started the engine is dead.
    let lifeline: Int32?

    /// Comes before there are threads: a signal that one of them takes would end the program.
    public init(lifeline: Int32?) throws(SystemError) {
        // If its starter ignored a signal that ends it, that was on purpose. SIGHUP ends nothing, so nohup(1) changes nothing.
        let numbers = [SIGTERM, SIGINT, SIGHUP].filter { $0 == SIGHUP || !linux_ignores($0) }
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers {
            signal(number, SIG_DFL)
            sigaddset(&set, number)
        }
        sigprocmask(SIG_BLOCK, &set, nil)
        signals = try Descriptor(linux_signal_descriptor(numbers, Int32(numbers.count)), "watch signals")
        self.lifeline = lifeline
    }
}

/// Where the engine's main thread waits to be told to end.
final class Stopping: Sendable {
    enum Order: Int, Sendable, Comparable {
        case none
        /// Start nothing more, and end when nothing runs.
        case drained
        /// End now; what runs continues with the supervisor.
        case now

        static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    private let order = Mutex(Order.none)
    private let wakeup: Wakeup

    init() throws(SystemError) { wakeup = try Wakeup() }

    func request(_ new: Order) {
        order.withLock { $0 = max($0, new) }
        wakeup.signal()
    }

    /// Something has changed that an order may depend on.
    func poke() { wakeup.signal() }

    var current: Order { order.withLock { $0 } }

    /// Waits for an order, a poke, a signal or the time, and takes what has come.
    ///
    /// - Parameters:
    ///   - milliseconds: at most; negative without end.
    ///   - reload: what SIGHUP asks for.
    func wait(_ outside: OutsideEvents, milliseconds: Int64, reload: () -> Void) {
        let ready = waitFor(
            [(wakeup.descriptor.number, POLLIN), (outside.signals.number, POLLIN), (outside.lifeline ?? -1, POLLIN)],
            milliseconds: Int(milliseconds))
        if ready[0] != 0 { wakeup.clear() }
        while ready[1] != 0 {
            let signal = linux_next_signal(outside.signals.number)
            guard signal != 0 else { break }
            if signal == SIGHUP { reload() } else { request(.now) }
        }
        if ready[2] != 0 { request(.now) }
    }
}
