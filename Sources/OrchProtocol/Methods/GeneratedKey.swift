/// Keys that a client makes up to be able to repeat one request. They begin with `once-`, which says that nobody will ask for the same
/// again later.
public enum GeneratedKey {
    private static let prefix = "once-"

    /// A key that nobody has given to a request before.
    ///
    /// - Parameter client: says who has made it.
    public static func make(_ client: String) -> String {
        prefix + client + String(UInt64.random(in: .min ... .max), radix: 36)
            + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Whether a key is one that nobody chose, and so is of no interest to anybody.
    public static func matches(_ key: String) -> Bool { key.has(prefix: prefix) }
}
