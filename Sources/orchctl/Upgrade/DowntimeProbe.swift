import Glibc
import OrchClient
import OrchProtocol

/// Measures what an upgrade is to clients: asks again and again, each time on a new connection, and keeps the longest wait.
struct DowntimeProbe {
    let path: String
    /// The longest time to an answer so far.
    private(set) var longest = Duration.zero

    init(path: String) { self.path = path }

    /// Asks once. One that is cut off asks again, and has waited since its first try.
    ///
    /// - Returns: whether it was answered before the deadline.
    mutating func ask(until deadline: ContinuousClock.Instant) -> Bool {
        let began = ContinuousClock.now
        while ContinuousClock.now < deadline {
            let answer = try? Connection(path: path, patience: 5).call(
                .version, as: VersionInfo.self, deadline: min(deadline, .now + .seconds(30)))
            if answer != nil {
                longest = max(longest, ContinuousClock.now - began)
                return true
            }
            usleep(5000)
        }
        longest = max(longest, ContinuousClock.now - began)
        return false
    }

    var seconds: Double {
        Double(longest.components.seconds) + Double(longest.components.attoseconds) / 1e18
    }
}
