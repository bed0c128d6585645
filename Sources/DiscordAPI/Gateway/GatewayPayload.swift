import FoundationEssentials

/// What comes from the gateway.
enum Incoming: Sendable {
    case hello(interval: Int64)
    case heartbeatRequest
    case heartbeatTaken
    case reconnect
    case invalidSession(resumable: Bool)
    case ready(id: String, resumeURL: String, GatewayEvent.Ready, number: Int64)
    /// What was missed has been told.
    case resumed(number: Int64)
    case event(GatewayEvent, number: Int64)
    /// Something that this program does not know, and need not.
    case unknown(Int)
}

/// What goes to the gateway.
enum Outgoing: Hashable, Sendable {
    case heartbeat(number: Int64?)
    case identify
    case resume(session: String, number: Int64)
}

extension Incoming: Decodable {
    private enum CodingKeys: String, CodingKey {
        case op, d
        case number = "s"
        case name = "t"
    }

    private struct Hello: Decodable {
        var heartbeat_interval: Double
    }

    private struct Start: Decodable {
        struct Place: Decodable { var id: Snowflake }

        var session_id: String
        var resume_gateway_url: String
        var user: User
        var application: Place
        @Lenient var guilds: [Place] = []
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(Int.self, forKey: .op) {
        case 0:
            let name = try container.decode(String.self, forKey: .name)
            let number = try container.decode(Int64.self, forKey: .number)
            switch name {
            case "READY":
                let start = try container.decode(Start.self, forKey: .d)
                let ready = GatewayEvent.Ready(
                    user: start.user, applicationID: start.application.id, guilds: start.guilds.map(\.id))
                self = .ready(id: start.session_id, resumeURL: start.resume_gateway_url, ready, number: number)
            case "RESUMED": self = .resumed(number: number)
            default:
                // One that cannot be read must not cost those behind it.
                let event = try? GatewayEvent(name, in: container, at: .d)
                self = .event(event ?? .other(String(name.prefix(64))), number: number)
            }
        case 1: self = .heartbeatRequest
        case 7: self = .reconnect
        case 9: self = .invalidSession(resumable: container.lenient(.d) ?? false)
        case 10:
            let interval = try container.decode(Hello.self, forKey: .d).heartbeat_interval
            // Whatever it says: not all the time, and not so seldom that a dead connection is not noticed.
            self = .hello(interval: interval.isFinite ? Int64(min(max(interval, 100), 600_000)) : 45_000)
        case 11: self = .heartbeatTaken
        case let other: self = .unknown(other)
        }
    }
}

extension GatewayEvent {
    private struct RoleChange: Decodable {
        var guild_id: Snowflake
        var role: Role?
        var role_id: Snowflake?
    }

    private struct Deletion: Decodable {
        var id: Snowflake?
        var ids: [Snowflake]?
        var channel_id: Snowflake
    }

    private struct Identified: Decodable {
        var id: Snowflake
        var unavailable: Bool?
    }

    /// Nil for one that a bridge does not need.
    fileprivate init?<Key: CodingKey>(_ name: String, in container: KeyedDecodingContainer<Key>, at key: Key) throws {
        func read<Value: Decodable>() throws -> Value { try container.decode(Value.self, forKey: key) }
        switch name {
        case "GUILD_CREATE": self = .guildCreated(try read())
        case "GUILD_UPDATE": self = .guildUpdated(try read())
        case "GUILD_DELETE":
            let gone: Identified = try read()
            self = .guildDeleted(gone.id, unavailable: gone.unavailable ?? false)
        case "CHANNEL_CREATE": self = .channelCreated(try read())
        case "CHANNEL_UPDATE": self = .channelUpdated(try read())
        case "CHANNEL_DELETE": self = .channelDeleted(try read())
        case "THREAD_CREATE": self = .threadCreated(try read())
        case "THREAD_UPDATE": self = .threadUpdated(try read())
        case "THREAD_DELETE":
            let gone: Identified = try read()
            self = .threadDeleted(gone.id)
        case "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE":
            let change: RoleChange = try read()
            switch (name, change.role, change.role_id) {
            case ("GUILD_ROLE_CREATE", let role?, _): self = .roleCreated(role, guild: change.guild_id)
            case ("GUILD_ROLE_UPDATE", let role?, _): self = .roleUpdated(role, guild: change.guild_id)
            case ("GUILD_ROLE_DELETE", _, let id?): self = .roleDeleted(id, guild: change.guild_id)
            default: return nil
            }
        case "MESSAGE_CREATE": self = .messageCreated(try read())
        case "MESSAGE_UPDATE": self = .messageUpdated(try read())
        case "MESSAGE_DELETE", "MESSAGE_DELETE_BULK":
            let gone: Deletion = try read()
            let ids = (gone.ids ?? []) + (gone.id.map { [$0] } ?? [])
            self = .messagesDeleted(Array(ids.prefix(1000)), channel: gone.channel_id)
        case "INTERACTION_CREATE": self = .interaction(try read())
        default: return nil
        }
    }
}

extension Outgoing {
    /// As it goes over the wire. This is the only place where the token is written.
    func text(token: BotToken, intents: Intents) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let data =
            switch self {
            case .heartbeat(let number): try encoder.encode(Payload(op: 1, d: number))
            case .identify:
                try encoder.encode(Payload(op: 2, d: Identify(token: token.secret.text, intents: intents.rawValue)))
            case .resume(let session, let number):
                try encoder.encode(Payload(op: 6, d: Resume(token: token.secret.text, session_id: session, seq: number)))
            }
        return String(decoding: data, as: UTF8.self)
    }

    private struct Payload<Body: Encodable>: Encodable {
        var op: Int
        /// An optional one is written as null where it is nil, as in a heartbeat before the first event.
        var d: Body
    }

    private struct Identify: Encodable {
        var token: String
        var intents: Int
        var properties = ["os": "linux", "browser": "orch-discord", "device": "orch-discord"]
    }

    private struct Resume: Encodable {
        var token: String
        var session_id: String
        var seq: Int64
    }
}
