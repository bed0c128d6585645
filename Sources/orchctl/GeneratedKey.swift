/// The idempotency keys that orchctl makes up, so that a submission may be repeated when its answer is lost.
enum GeneratedKey {
    private static let prefix = "orchctl-"

    static func make() -> String {
        prefix + String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Whether a key is one that nobody chose, and so is of no interest to anybody.
    static func matches(_ key: String) -> Bool { key.hasPrefix(prefix) }
}
