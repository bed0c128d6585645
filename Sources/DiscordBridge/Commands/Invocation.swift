import DiscordAPI
import Text

/// What an interaction is answered with: at first for three seconds, and then for 15 minutes.
public struct Ticket: Sendable, Hashable {
    public var id: Snowflake
    public var application: Snowflake
    public var token: Secret

    public init(id: Snowflake, application: Snowflake, token: Secret) {
        self.id = id
        self.application = application
        self.token = token
    }
}

/// A command, with the values that were given to it.
public struct Wish: Sendable, Equatable, Codable {
    public var path: String
    public var values: [String: OptionValue]
    /// The files that it came with.
    public var files: [Attachment]?

    public init(_ path: String, _ values: [String: OptionValue] = [:]) {
        self.path = path
        self.values = values
    }

    subscript(_ option: Command.Kind) -> OptionValue? { values[Command.Option.may(option).name] }

    func text(_ option: Command.Kind) -> String? {
        guard case .string(let text)? = self[option] else { return nil }
        return text
    }

    func number(_ option: Command.Kind) -> Int? {
        guard case .integer(let number)? = self[option] else { return nil }
        return Int(number)
    }

    /// The numbers of tasks, each once; nil where something else is among them.
    func numbers(_ option: Command.Kind) -> [Int64]? {
        let words = text(option)?.split { $0 == " " || $0 == "," || $0 == "#" || $0 == "\n" } ?? []
        let numbers = words.compactMap { Int64($0) }
        guard numbers.count == words.count, !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 }) else { return nil }
        var seen: Set<Int64> = []
        return numbers.filter { seen.insert($0).inserted }
    }
}

/// Somebody has used a command, a button or a form of the bridge's, or is typing one.
public struct Invocation: Sendable, Equatable {
    public enum Use: Sendable, Equatable {
        case command(Wish)
        /// One of the values is being typed.
        case typing(Wish, option: String)
        case button(ButtonID)
        /// The form that was the answer to an interaction comes back.
        case form(Snowflake, texts: [String: String])
        /// Of an older bridge, or of nobody.
        case unknown
    }

    public var ticket: Ticket
    public var person: Person
    public var channel: Snowflake
    /// The channel that a thread belongs to.
    public var parent: Snowflake?
    public var use: Use

    public init(_ ticket: Ticket, by person: Person, in channel: Snowflake, parent: Snowflake? = nil, _ use: Use) {
        self.ticket = ticket
        self.person = person
        self.channel = channel
        self.parent = parent
        self.use = use
    }
}

extension Invocation {
    /// - Returns: nil for what is not of the bridge's guild.
    init?(_ interaction: Interaction, guild: Snowflake, bot: Snowflake) {
        guard interaction.guildID == guild, let channel = interaction.channelID else { return nil }
        let data = interaction.data
        let use: Use
        switch interaction.kind {
        case .ping: return nil
        case .command: use = .command(Wish.read(data).wish)
        case .autocomplete:
            let (wish, focused) = Wish.read(data)
            use = focused.map { .typing(wish, option: $0) } ?? .unknown
        case .component: use = data.customID.flatMap(ButtonID.init).map { .button($0) } ?? .unknown
        case .modal: use = Form.id(data.customID).map { .form($0, texts: data.texts) } ?? .unknown
        }
        self.init(
            Ticket(id: interaction.id, application: interaction.applicationID, token: interaction.token),
            by: Person(interaction.user, interaction.member, bot: bot), in: channel, parent: interaction.channel?.parentID, use)
    }
}

extension Wish {
    /// What was used, and which of its values is being typed.
    fileprivate static func read(_ data: InteractionData) -> (wish: Wish, focused: String?) {
        var wish = Wish(data.name ?? "")
        var options = data.options
        // A command below another is the only option, and has no value.
        while options.count == 1, let inner = options.first, inner.value == nil {
            wish.path += " \(inner.name)"
            options = inner.options
        }
        for option in options { wish.values[option.name] = option.value }
        let files = Command.fileNames.compactMap { name -> Attachment? in
            guard case .string(let id)? = wish.values.removeValue(forKey: name) else { return nil }
            return Snowflake(id).flatMap { data.attachments[$0] }
        }
        if !files.isEmpty { wish.files = files }
        return (wish, options.first { $0.focused }?.name)
    }
}

/// A form to fill in.
public struct Form: Sendable, Equatable {
    /// The interaction that it answers, by which what was given before is found again.
    public var id: Snowflake
    public var title: String
    public var label: String

    public init(_ id: Snowflake, title: String, label: String) {
        self.id = id
        self.title = title
        self.label = label
    }

    /// The name of its field.
    static let field = "text"

    var customID: String { "form:\(id)" }

    static func id(_ text: String?) -> Snowflake? {
        guard let (word, number) = (text ?? "")[...].cut(at: ":"), word == "form" else { return nil }
        return Snowflake(String(number))
    }
}

/// An answer to an interaction that is given at once.
public enum Reply: Sendable, Equatable {
    /// Only who asked sees it.
    case say(Content)
    /// The message with the button becomes this.
    case become(Content)
    case choices([Choice])
    case form(Form)

    public struct Choice: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }
}
