/// A command that people type behind a slash.
public struct ApplicationCommand: Hashable, Sendable, Codable {
    public struct Option: Hashable, Sendable, Codable {
        public enum Kind: Int, Sendable, Codable {
            case subcommand = 1
            case group, string, integer, boolean, user, channel, role, mentionable, number, attachment
        }

        public var kind: Kind
        public var name: String
        public var description: String
        public var required: Bool?
        public var choices: [CommandChoice]?
        public var options: [Option]?
        public var autocomplete: Bool?
        public var minimum: Int?
        public var maximum: Int?
        public var maximumLength: Int?

        public init(
            _ kind: Kind, _ name: String, _ description: String, required: Bool? = nil, choices: [CommandChoice]? = nil,
            options: [Option]? = nil, autocomplete: Bool? = nil, minimum: Int? = nil, maximum: Int? = nil,
            maximumLength: Int? = nil
        ) {
            self.kind = kind
            self.name = name
            self.description = description
            self.required = required
            self.choices = choices
            self.options = options
            self.autocomplete = autocomplete
            self.minimum = minimum
            self.maximum = maximum
            self.maximumLength = maximumLength
        }

        private enum CodingKeys: String, CodingKey {
            case name, description, required, choices, options, autocomplete
            case kind = "type"
            case minimum = "min_value"
            case maximum = "max_value"
            case maximumLength = "max_length"
        }
    }

    /// Given by Discord.
    public var id: Snowflake?
    /// At most 32 small letters, digits, `-` and `_`.
    public var name: String
    public var description: String
    public var options: [Option]?
    /// Who is shown it at first. No protection: administrators change it, and see all.
    public var defaultMemberPermissions: Permissions?

    public init(
        name: String, description: String, options: [Option]? = nil, defaultMemberPermissions: Permissions? = nil
    ) {
        self.name = name
        self.description = description
        self.options = options
        self.defaultMemberPermissions = defaultMemberPermissions
    }

    private enum CodingKeys: String, CodingKey {
        case id, name, description, options
        case defaultMemberPermissions = "default_member_permissions"
    }
}

/// One of the values that a command offers.
public struct CommandChoice: Hashable, Sendable, Codable {
    public var name: String
    public var value: OptionValue

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = .string(value)
    }
}

/// What Discord knows of the bot's application.
public struct Application: Hashable, Sendable, Decodable {
    public var id: Snowflake
    @Lenient public var name = ""
    @Lenient public var flags = 0

    /// Whether it may read what people write, which is a switch in Discord's developer portal.
    public var mayReadMessageContent: Bool { flags & (1 << 18 | 1 << 19) != 0 }
}
