/// What somebody may do. On the wire it is a number in a string.
public struct Permissions: OptionSet, Hashable, Sendable, Codable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let administrator = Self(rawValue: 1 << 3)
    public static let addReactions = Self(rawValue: 1 << 6)
    public static let viewChannel = Self(rawValue: 1 << 10)
    public static let sendMessages = Self(rawValue: 1 << 11)
    public static let embedLinks = Self(rawValue: 1 << 14)
    public static let attachFiles = Self(rawValue: 1 << 15)
    public static let readMessageHistory = Self(rawValue: 1 << 16)
    public static let manageRoles = Self(rawValue: 1 << 28)
    public static let createPublicThreads = Self(rawValue: 1 << 35)
    public static let sendMessagesInThreads = Self(rawValue: 1 << 38)
    public static let pinMessages = Self(rawValue: 1 << 51)

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let number = UInt64(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "is not a set of permissions")
        }
        rawValue = number
    }

    public func encode(to encoder: any Encoder) throws { try String(rawValue).encode(to: encoder) }
}

extension Permissions {
    /// What a member may do in a channel of a guild, as Discord reckons it: the roles, then what the channel gives and takes. In a thread it is
    /// the channel above that counts.
    public static func of(
        _ user: Snowflake, roles: [Snowflake], in channel: Channel, guild: Snowflake, owner: Snowflake?, guildRoles: [Role]
    ) -> Permissions {
        if user == owner { return Self(rawValue: .max) }
        // The role that everybody has is the one with the guild's own id.
        let held = Set(roles).union([guild])
        let base = guildRoles.filter { held.contains($0.id) }.reduce(into: Permissions()) { $0.formUnion($1.permissions) }
        if base.contains(.administrator) { return Self(rawValue: .max) }
        var result = base
        func apply(_ overwrites: [PermissionOverwrite]) {
            for each in overwrites { result.subtract(each.deny) }
            for each in overwrites { result.formUnion(each.allow) }
        }
        apply(channel.overwrites.filter { $0.id == guild })
        apply(channel.overwrites.filter { $0.kind == .role && $0.id != guild && held.contains($0.id) })
        apply(channel.overwrites.filter { $0.kind == .member && $0.id == user })
        return result
    }
}

/// What a channel gives to and takes from a role or a member.
public struct PermissionOverwrite: Hashable, Sendable, Codable {
    public enum Kind: Int, Sendable, Codable { case role, member }

    public var id: Snowflake
    public var kind: Kind
    public var allow: Permissions = []
    public var deny: Permissions = []

    private enum CodingKeys: String, CodingKey {
        case id, allow, deny
        case kind = "type"
    }
}

/// A role of a guild.
public struct Role: Hashable, Sendable, Codable {
    public var id: Snowflake
    public var name: String
    public var permissions: Permissions
}
