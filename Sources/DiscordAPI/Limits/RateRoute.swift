/// What of a request decides about its limit: requests with the same `name` share a bucket, each `major` one of its own.
struct RateRoute: Hashable, Sendable {
    /// The method and the path with its ids left out.
    var name: String
    /// The channel, guild or webhook that it is about.
    var major: String
    /// Whether it counts for the limit of all requests together.
    var countsForAll = true
    /// Whether it has a limit at all. Answers to interactions have none.
    var isLimited = true
}

/// What an answer says of limits. Times are in milliseconds from its arrival.
struct RateHeaders: Hashable, Sendable {
    enum Scope: Hashable, Sendable { case user, shared, all }

    var bucket: String?
    var limit: Int?
    var remaining: Int?
    var resetAfter: Int64?
    var retryAfter: Int64?
    var scope = Scope.user

    init() {}

    /// - parameter value: the value of a header; nil where there is none.
    init(_ value: (_ header: String) -> String?) {
        bucket = value("X-RateLimit-Bucket").map { String($0.prefix(128)) }
        limit = value("X-RateLimit-Limit").flatMap { Int($0) }
        remaining = value("X-RateLimit-Remaining").flatMap { Int($0) }
        resetAfter = value("X-RateLimit-Reset-After").flatMap(Self.milliseconds)
        retryAfter = value("Retry-After").flatMap(Self.milliseconds)
        switch (value("X-RateLimit-Global"), value("X-RateLimit-Scope")) {
        case ("true", _), (_, "global"): scope = .all
        case (_, "shared"): scope = .shared
        default: scope = .user
        }
    }

    /// Of seconds with a fraction, rounded up; nil if it is not a time. A day is the longest: a wrong number must not stop a
    /// program forever.
    static func milliseconds(_ seconds: String) -> Int64? {
        Double(seconds).flatMap(milliseconds)
    }

    static func milliseconds(_ seconds: Double) -> Int64? {
        guard seconds.isFinite, seconds >= 0 else { return nil }
        return Int64((min(seconds, 86_400) * 1000).rounded(.up))
    }
}
