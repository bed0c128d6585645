/// The id of anything in Discord: a number that grows with time. It is a string on the wire, since JavaScript could not hold it.
public struct Snowflake: Hashable, Comparable, Sendable {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Of decimal digits and nothing else; nil otherwise.
    public init?(_ text: some StringProtocol) {
        guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = UInt64(text)
        else { return nil }
        rawValue = number
    }

    /// The least id that something made at this time can have, in milliseconds since 1970. Messages after it are those sent since then.
    public init(firstAt milliseconds: Int64) {
        rawValue = UInt64(min(max(0, milliseconds - Self.epoch), Int64(UInt64.max >> 22))) << 22
    }

    /// When it was made, in milliseconds since 1970.
    public var milliseconds: Int64 { Int64(rawValue >> 22) + Self.epoch }

    /// The beginning of 2015 in UTC, from which Discord counts.
    private static let epoch: Int64 = 1_420_070_400_000

    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

extension Snowflake: CustomStringConvertible {
    public var description: String { String(rawValue) }
}

extension Snowflake: Codable, CodingKeyRepresentable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "is not an id")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }

    public var codingKey: any CodingKey { NameKey(description) }

    public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }
}

/// A key that is only known when it is read.
struct NameKey: CodingKey {
    let stringValue: String

    init(_ name: String) { stringValue = name }
    init(stringValue: String) { self.stringValue = stringValue }

    var intValue: Int? { nil }
    init?(intValue: Int) { nil }
}
