/// A word of a result, one of a few today. A newer daemon may send others: those pass as they are, and do not make the line invalid
/// that they are in ("Versions" in `docs/protocol.md`). So a `switch` over one has a `default`.
public protocol OpenEnum: RawRepresentable<String>, CaseIterable, Codable, Hashable, Sendable where AllCases == [Self] {
    init(rawValue: String)
}

extension OpenEnum {
    init(_ word: String) { self.init(rawValue: word) }

    /// Throws if it is not a word: it is shown as it is, and a peer must not steer the terminal with it.
    public init(from decoder: any Decoder) throws {
        let word = try decoder.singleValueContainer().decode(String.self)
        guard word.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !word.isEmpty, word.utf8.count <= 64 else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "is not a word"))
        }
        self.init(rawValue: word)
    }

    /// Refuses a word that there is not, where one is a parameter.
    func known(in field: String) throws -> Self {
        guard !Self.allCases.contains(self) else { return self }
        let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
        throw WireError(
            .invalidParameter, "\"\(field)\": \"\(rawValue.shortened(to: 40))\" is invalid; use one of \(known)", field: field
        )
    }
}

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
