/// Why a warm pool starts no workers for a while: the last of them failed.
public struct WorkerBackoff: Sendable, Equatable {
    /// Milliseconds of the first wait, and the longest, before the spread.
    static let firstDelay: Int64 = 1_000
    static let maximumDelay: Int64 = 300_000

    public var pool: String
    /// How many times in a row.
    public var failures = 0
    /// No worker is started before, in milliseconds since 1970.
    public var until: Int64 = 0
    /// Workers up to this id were started before the wait: that they fail as well says nothing new.
    public var after: Int64 = 0
    /// In words: how the last one failed.
    public var reason = ""

    public init(pool: String) { self.pool = pool }

    public init(pool: String, failures: Int, until: Int64, after: Int64, reason: String) {
        self.pool = pool
        self.failures = failures
        self.until = until
        self.after = after
        self.reason = reason
    }

    /// Takes note of a failure.
    ///
    /// - Parameters:
    ///   - last: the highest id of a worker that has been launched.
    mutating func note(_ worker: Int64, last: Int64, reason: String, now: Int64) {
        self.reason = reason
        guard worker > after else { return }
        failures += 1
        after = max(worker, last)
        let doubled = Self.firstDelay << min(failures - 1, 20)
        until = now + spread(min(doubled, Self.maximumDelay), seed: UInt64(bitPattern: worker))
    }

    /// Milliseconds that are still to be waited. The clock may have been set since: never more than the longest wait.
    func remaining(at now: Int64) -> Int64 {
        until > now && until - now <= Self.maximumDelay * 2 ? until - now : 0
    }
}
