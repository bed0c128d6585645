import Text

/// What a value may be: one rule for each field, whichever door it comes in by.
///
/// Each door says it in its own words: the protocol in seconds, the command line and the configuration in lengths of time.
public enum ValueRule: Sendable, Equatable {
    case whole(ClosedRange<Int64>)
    case seconds(ClosedRange<Double>)
    /// A number of bytes, none of them of a control character.
    case word(ClosedRange<Int>)
    /// A number of tasks.
    case ids(ClosedRange<Int>)
    case resource(ResourceLimits.Resource)

    /// What the protocol takes, to follow on "must be".
    public var form: String {
        switch self {
        case .whole(let range): "a whole number \(range.words)"
        case .seconds(let range): "a number of seconds from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
        case .word(let range): "a text of \(range.lowerBound) to \(range.upperBound) bytes without control characters"
        case .ids(let range): "a list of \(range.lowerBound) to \(range.upperBound) ids"
        case .resource(let resource):
            "a \(resource == .cpu ? "" : "whole ")number from \(Self.text(resource.range.lowerBound)) to \(Self.text(resource.range.upperBound))"
        }
    }

    /// The rule of a field of the protocol, by its path: `[3].timeout`, `resources.memory`. Nil where its type says all.
    public static func of(field: String) -> ValueRule? {
        let parts = field.utf8.split(separator: UInt8(ascii: ".")).map { Substring($0) }
        guard let last = parts.last else { return nil }
        if parts.count > 1, parts[parts.count - 2] == "resources" {
            return ResourceLimits.Resource(rawValue: String(last)).map { .resource($0) }
        }
        // What a client has named itself, such as a label, may be called like a field.
        guard parts.dropLast().allSatisfy({ $0.utf8.last == UInt8(ascii: "]") }) else { return nil }
        return fields[String(last)]
    }

    /// Seconds: ten years.
    public static let longest = 315_360_000.0
    public static let priority = ValueRule.whole(-1_000_000...1_000_000)
    public static let retries = ValueRule.whole(0...1_000)
    public static let slots = ValueRule.whole(0...10_000)
    public static let page = ValueRule.whole(1...1_000)
    public static let lines = ValueRule.whole(0...1_000_000)
    /// Of a time that something may take.
    public static let timeout = ValueRule.seconds(0.001...longest)
    /// Of a time to wait first.
    public static let delay = ValueRule.seconds(0...longest)
    public static let attempt = ValueRule.whole(0...Int64(Int32.max))
    /// Of an event, and of a page of a list.
    public static let sequence = ValueRule.whole(0...Int64.max)
    /// The most tasks that one request names.
    public static let mostIDs = 10_000
    public static let name = ValueRule.word(1...200)
    public static let key = ValueRule.word(1...256)
    /// Of somebody for whom a bridge asks.
    public static let subject = ValueRule.word(1...100)

    private static let fields: [String: ValueRule] = [
        "priority": priority, "retries": retries, "slots": slots, "limit": page, "tail": lines, "timeout": timeout,
        "idle_timeout": timeout, "retry_delay": delay, "name": name, "model": name, "key": key, "subject": subject,
        "ids": .ids(1...mostIDs),
        "id": .whole(1...Int64.max), "attempt": attempt, "cursor": sequence, "after": sequence,
    ]

    static func text(_ number: Double) -> String { Int64(exactly: number).map { String($0) } ?? String(number) }
}

extension ClosedRange<Int64> {
    fileprivate var words: String {
        upperBound == .max ? "of at least \(lowerBound)" : "from \(lowerBound) to \(upperBound)"
    }
}

// MARK: Complaints

extension ValueRule {
    /// What is wrong with a number, to follow on the name of its field; nil if nothing is.
    public func complaint(_ value: Int64) -> String? {
        if case .whole(let range) = self, range.contains(value) { return nil }
        return "must be \(form), not \(value)"
    }

    public func complaint(_ value: Double) -> String? {
        switch self {
        case .seconds(let range) where value.isFinite && range.contains(value): return nil
        case .resource(let resource) where resource.isAllowed(value): return nil
        case .whole(let range) where Int64(exactly: value).map(range.contains) ?? false: return nil
        default: return "must be \(form), not \(Self.text(value))"
        }
    }

    public func complaint(_ text: String) -> String? {
        guard case .word(let range) = self else { return nil }
        let fault: String
        if let control = text.unicodeScalars.first(where: \.isControl) {
            fault = "it has \(control.codePoint)"
        } else if text.isEmpty {
            fault = "it is empty"
        } else if text.utf8.count > range.upperBound {
            fault = "it has \(text.utf8.count)"
        } else {
            return nil
        }
        return "must be \(form); \(fault)"
    }
}

extension Unicode.Scalar {
    /// `U+001B`.
    fileprivate var codePoint: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension WireError {
    /// A parameter that its rule does not allow.
    public init(field: String, _ complaint: String) {
        self.init(.invalidParameter, "\"\(field)\" \(complaint)", field: field)
    }
}
