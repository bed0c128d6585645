import CLinux
import Glibc
import OrchClient
import OrchProtocol
import Presentation

/// Tells somebody at a terminal what a task waits for that has not begun within a second, and again when that is something else. Elsewhere
/// it tells nothing.
final class Waiting {
    private let task: Int64
    private let path: String
    private let timer: Int32
    private var told: String?

    /// Seconds until the first look, and between two.
    private static let (first, later) = (1, 3)

    init?(for task: Int64, _ session: Session) {
        guard Terminal.isError else { return nil }
        timer = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK))
        guard timer >= 0 else { return nil }
        self.task = task
        path = session.path
        var time = itimerspec()
        time.it_value.tv_sec = Self.first
        time.it_interval.tv_sec = Self.later
        timerfd_settime(timer, 0, &time, nil)
    }

    deinit { close(timer) }

    /// To be served while the end of the task is waited for.
    var watch: Watch {
        Watch(descriptor: timer) { [self] in
            var count: UInt64 = 0
            _ = read(timer, &count, 8)
            look()
        }
    }

    /// On a connection of its own, since the other one is in use. Where there is none there is nothing to tell.
    private func look() {
        guard let connection = try? Connection(path: path, patience: 1),
            let record = try? connection.call(
                .get, GetParameters(id: task), deadline: .now + .seconds(1)),
            record.state == .queued
        else { return }
        let now = TaskText.standing(record)
        guard now != told else { return }
        told = now
        Output.remark(now)
    }
}
