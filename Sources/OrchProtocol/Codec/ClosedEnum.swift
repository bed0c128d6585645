/// A word of the protocol that is one of a few. A wrong one is answered with those that there are.
public protocol ClosedEnum: RawRepresentable<String>, CaseIterable, Codable {}

extension ClosedEnum {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let word = try container.decode(String.self)
        guard let value = Self(rawValue: word) else {
            let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(word.shortened(to: 40))\" is invalid; use one of \(known)")
        }
        self = value
    }
}
