/// Reads the parameters of a method strictly, so that their types need no reading of their own: the members that there are must be among
/// their `CodingKeys`, which can be listed, and a complaint has the path of its member and what that may be.
struct StrictDecoder: Decoder {
    let base: any Decoder
    var codingPath: [any CodingKey] { base.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { base.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        if let keys = type as? any (CodingKey & CaseIterable).Type { try base.refuseMembers(otherThan: keys) }
        return KeyedDecodingContainer(StrictMembers(strict: StrictContainer(members: try base.container(keyedBy: type))))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try base.unkeyedContainer() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { try base.singleValueContainer() }
}

private struct StrictMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let strict: StrictContainer<Key>
    var codingPath: [any CodingKey] { strict.members.codingPath }
    var allKeys: [Key] { strict.members.allKeys }

    func contains(_ key: Key) -> Bool { strict.contains(key) }
    func decodeNil(forKey key: Key) throws -> Bool { try strict.members.decodeNil(forKey: key) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try strict.decode(type, forKey: key) }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try strict.decodeIfPresent(type, forKey: key)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> { try strict.members.nestedContainer(keyedBy: type, forKey: key) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try strict.members.nestedUnkeyedContainer(forKey: key)
    }

    func superDecoder() throws -> any Decoder { try strict.members.superDecoder() }
    func superDecoder(forKey key: Key) throws -> any Decoder { try strict.members.superDecoder(forKey: key) }
}
