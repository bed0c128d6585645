import OrchProtocol

/// The idempotency keys that orchctl makes up, so that a submission may be repeated when its answer is lost.
enum GeneratedKey {
    private static let prefix = "orchctl-"

    static func make() -> String {
        prefix + String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// Whether a key is one that nobody chose, and so is of no interest to anybody.
    static func matches(_ key: String) -> Bool { key.hasPrefix(prefix) }
}

extension TaskRecord {
    /// The record as people are to see it.
    var withoutGeneratedKey: TaskRecord {
        var record = self
        if let key, GeneratedKey.matches(key) { record.key = nil }
        return record
    }
}
