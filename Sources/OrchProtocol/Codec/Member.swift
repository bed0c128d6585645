import FoundationEssentials

/// A member of an object of the protocol that may be left out: its name, and where its value is kept. What an object reads and writes
/// follows from the list of its members.
struct Member<Root>: Sendable {
    let name: String
    let read: @Sendable (inout Root, StrictContainer<AnyKey>) throws -> Void
    let write: @Sendable (Root, inout KeyedEncodingContainer<AnyKey>) throws -> Void
    /// False if it is clearly not such a value, or not the first of its name.
    let readFast: @Sendable (inout Root, Range<Int>, SubmissionReader) -> Bool

    init<Value: FastReadable>(_ name: String, _ path: any WritableKeyPath<Root, Value?> & Sendable) {
        let key = AnyKey(stringValue: name)
        self.name = name
        read = { root, members in root[keyPath: path] = try members.decodeIfPresent(Value.self, forKey: key) }
        write = { root, members in try members.encodeIfPresent(root[keyPath: path], forKey: key) }
        readFast = { root, range, reader in
            guard root[keyPath: path] == nil, let value = Value.read(range, reader) else { return false }
            root[keyPath: path] = value
            return true
        }
    }
}

/// An object of which each member may be left out.
protocol MemberCoded: Codable {
    static var members: [Member<Self>] { get }
}

extension MemberCoded {
    /// Reads members that stand among others, which are not this type's to judge.
    mutating func read(_ members: [Member<Self>] = Self.members, from decoder: any Decoder) throws {
        let container = StrictContainer(members: try decoder.container(keyedBy: AnyKey.self))
        for member in members { try member.read(&self, container) }
    }

    func write(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: AnyKey.self)
        for member in Self.members { try member.write(self, &container) }
    }
}
