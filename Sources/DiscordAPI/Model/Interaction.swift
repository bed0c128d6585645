/// Somebody has used a command, a button or a form of the bot, or is typing one. It has to be answered within three seconds.
public struct Interaction: Sendable, Decodable {
    public enum Kind: Int, Sendable, Decodable {
        case ping = 1
        case command, component, autocomplete, modal
    }

    public var id: Snowflake
    public var applicationID: Snowflake
    public var kind: Kind
    /// What answers it, for 15 minutes.
    public var token: Secret
    public var guildID: Snowflake?
    public var channelID: Snowflake?
    /// The channel as far as it is told here; of a thread also what it hangs on.
    public var channel: Channel?
    /// Who did it: in a guild, with the roles there.
    public var member: Member?
    public var user: User
    /// The message whose button it was.
    public var message: Message?
    public var data = InteractionData()

    private enum CodingKeys: String, CodingKey {
        case id, token, channel, member, user, message, data
        case applicationID = "application_id"
        case kind = "type"
        case guildID = "guild_id"
        case channelID = "channel_id"
    }
}

extension Interaction {
    /// As much of one as is needed to answer it.
    public init(id: Snowflake, applicationID: Snowflake, token: Secret) {
        self.init(id: id, applicationID: applicationID, kind: .ping, token: token, user: User(id: applicationID))
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Snowflake.self, forKey: .id)
        applicationID = try container.decode(Snowflake.self, forKey: .applicationID)
        kind = try container.decode(Kind.self, forKey: .kind)
        token = try container.decode(Secret.self, forKey: .token)
        guildID = container.lenient(.guildID)
        channelID = container.lenient(.channelID)
        channel = container.lenient(.channel)
        member = container.lenient(.member)
        user = try member?.user ?? container.decode(User.self, forKey: .user)
        message = container.lenient(.message)
        data = container.lenient(.data) ?? InteractionData()
    }
}

/// What was used, and with what.
public struct InteractionData: Sendable, Hashable, Decodable {
    /// The name of a command.
    public var name: String?
    public var options: [Option] = []
    /// The files among the options, by their ids.
    public var attachments: [Snowflake: Attachment] = [:]
    /// Of a button, list or form: what the bot gave it.
    public var customID: String?
    /// What was chosen from a list.
    public var values: [String] = []
    /// What was typed into a form, by the names of its fields.
    public var texts: [String: String] = [:]

    private enum CodingKeys: String, CodingKey {
        case name, options, resolved, values, components
        case customID = "custom_id"
    }

    private struct Resolved: Decodable {
        var attachments: [Snowflake: Attachment]?
    }

    /// A value of a command, or a command below it with values of its own.
    public struct Option: Sendable, Hashable, Decodable {
        public var name: String
        public var value: OptionValue?
        public var options: [Option] = []
        /// Whether it is being typed right now.
        public var focused = false

        private enum CodingKeys: String, CodingKey { case name, value, options, focused }
    }
}

extension InteractionData {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = container.lenient(.name)
        options = try container.list(.options, most: 25)
        let resolved: Resolved? = container.lenient(.resolved)
        attachments = resolved?.attachments ?? [:]
        customID = container.lenient(.customID)
        values = try container.list(.values, most: 25)
        let components: [Component] = try container.list(.components, most: 40)
        texts = components.reduce(into: [:]) { $0.merge($1.typedTexts) { first, _ in first } }
    }
}

extension InteractionData.Option {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        value = container.lenient(.value)
        // A group, a command of it, its values: there is nothing below.
        options = decoder.codingPath.count > 12 ? [] : try container.list(.options, most: 25)
        focused = container.lenient(.focused) ?? false
    }
}

/// A value that somebody gave to a command.
public enum OptionValue: Hashable, Sendable, Codable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case bool(Bool)

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .string(let text): try text.encode(to: encoder)
        case .integer(let number): try number.encode(to: encoder)
        case .number(let number): try number.encode(to: encoder)
        case .bool(let flag): try flag.encode(to: encoder)
        }
    }
}

/// The first answer to an interaction.
public enum InteractionResponse: Hashable, Sendable {
    /// A message, at once.
    case message(MessageDraft)
    /// A message later: until then people see that the bot is thinking. Whether only who asked sees it is decided here.
    case deferred(ephemeral: Bool)
    /// Nothing to see: the message with the button changes later, or not at all.
    case deferredUpdate
    /// The message with the button becomes this.
    case update(MessageDraft)
    /// What may be typed: at most 25.
    case choices([CommandChoice])
    /// A form to fill in.
    case modal(customID: String, title: String, fields: [TextInput])
}

extension InteractionResponse: Encodable {
    private enum CodingKeys: String, CodingKey { case type, data }

    private struct Flags: Encodable { var flags: MessageFlags }
    private struct Choices: Encodable { var choices: [CommandChoice] }
    private struct Form: Encodable {
        var title: String
        var custom_id: String
        var components: [Component]
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func put(_ type: Int, _ data: (any Encodable)? = nil) throws {
            try container.encode(type, forKey: .type)
            if let data { try container.encode(data, forKey: .data) }
        }
        switch self {
        case .message(let draft): try put(4, draft)
        case .deferred(let ephemeral): try put(5, ephemeral ? Flags(flags: .ephemeral) : nil)
        case .deferredUpdate: try put(6)
        case .update(let draft): try put(7, draft)
        case .choices(let choices): try put(8, Choices(choices: Array(choices.prefix(MessageLimits.choices))))
        case .modal(let customID, let title, let fields):
            let rows = fields.map { Component.row([.textInput($0)]) }
            try put(9, Form(title: title, custom_id: customID, components: rows))
        }
    }
}
