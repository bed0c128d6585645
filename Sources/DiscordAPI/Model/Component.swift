/// Something in a message that can be clicked, or in a form that can be filled in.
public indirect enum Component: Hashable, Sendable {
    case row([Component])
    case button(Button)
    case select(SelectMenu)
    case textInput(TextInput)
    /// One that this program does not know. It is never sent.
    case other(type: Int)
}

/// A button that tells the bot of a click.
public struct Button: Hashable, Sendable, Codable {
    public enum Style: Int, Sendable, Codable { case primary = 1, secondary, success, danger, link, premium }

    public var style: Style
    public var label: String?
    /// What the click brings back: at most 100 characters.
    public var customID: String?
    /// Where a link leads. Such a button tells nobody of the click.
    public var url: String?
    public var disabled: Bool

    public init(_ label: String, customID: String, style: Style = .secondary, disabled: Bool = false) {
        self.style = style
        self.label = label
        self.customID = customID
        self.disabled = disabled
    }

    public init(_ label: String, link url: String) {
        style = .link
        self.label = label
        self.url = url
        disabled = false
    }

    private enum CodingKeys: String, CodingKey {
        case style, label, url, disabled
        case customID = "custom_id"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        style = container.lenient(.style) ?? .secondary
        label = container.lenient(.label)
        customID = container.lenient(.customID)
        url = container.lenient(.url)
        disabled = container.lenient(.disabled) ?? false
    }
}

/// A list to choose from.
public struct SelectMenu: Hashable, Sendable, Codable {
    public struct Option: Hashable, Sendable, Codable {
        public var label: String
        public var value: String
        public var description: String?

        public init(_ label: String, value: String, description: String? = nil) {
            self.label = label
            self.value = value
            self.description = description
        }
    }

    public var customID: String
    public var placeholder: String?
    public var options: [Option]
    public var disabled: Bool

    public init(customID: String, placeholder: String? = nil, options: [Option], disabled: Bool = false) {
        self.customID = customID
        self.placeholder = placeholder
        self.options = options
        self.disabled = disabled
    }

    private enum CodingKeys: String, CodingKey {
        case placeholder, options, disabled
        case customID = "custom_id"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        customID = container.lenient(.customID) ?? ""
        placeholder = container.lenient(.placeholder)
        options = try container.list(.options)
        disabled = container.lenient(.disabled) ?? false
    }
}

/// A field of a form. When the form comes back, `value` is what was typed.
public struct TextInput: Hashable, Sendable, Codable {
    public enum Style: Int, Sendable, Codable { case short = 1, paragraph }

    public var customID: String
    public var label: String?
    public var style: Style?
    public var value: String?
    public var placeholder: String?
    public var required: Bool?
    public var maximumLength: Int?

    public init(
        customID: String, label: String, style: Style = .short, value: String? = nil, placeholder: String? = nil,
        required: Bool? = nil, maximumLength: Int? = nil
    ) {
        self.customID = customID
        self.label = label
        self.style = style
        self.value = value
        self.placeholder = placeholder
        self.required = required
        self.maximumLength = maximumLength
    }

    private enum CodingKeys: String, CodingKey {
        case label, style, value, placeholder, required
        case customID = "custom_id"
        case maximumLength = "max_length"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        customID = container.lenient(.customID) ?? ""
        label = container.lenient(.label)
        style = container.lenient(.style)
        value = container.lenient(.value)
        placeholder = container.lenient(.placeholder)
        required = container.lenient(.required)
        maximumLength = container.lenient(.maximumLength)
    }
}

extension Component: Codable {
    private enum CodingKeys: String, CodingKey { case type, components, component }

    /// Rows are not within rows; what claims to be is not followed down.
    private static let deepest = 8

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let type = try container.decode(Int.self, forKey: .type)
        switch type {
        case 1 where decoder.codingPath.count <= Self.deepest * 2:
            self = .row(try container.list(.components, most: MessageLimits.rows))
        // A label in a form, around one field: the newer way to say a row.
        case 18 where decoder.codingPath.count <= Self.deepest * 2:
            let inner: Component? = container.lenient(.component)
            self = .row(inner.map { [$0] } ?? [])
        case 2: self = .button(try Button(from: decoder))
        case 3: self = .select(try SelectMenu(from: decoder))
        case 4: self = .textInput(try TextInput(from: decoder))
        default: self = .other(type: type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .row(let components):
            try container.encode(1, forKey: .type)
            try container.encode(components, forKey: .components)
        case .button(let button):
            try container.encode(2, forKey: .type)
            try button.encode(to: encoder)
        case .select(let menu):
            try container.encode(3, forKey: .type)
            try menu.encode(to: encoder)
        case .textInput(let input):
            try container.encode(4, forKey: .type)
            try input.encode(to: encoder)
        case .other(let type):
            throw EncodingError.invalidValue(
                self, .init(codingPath: encoder.codingPath, debugDescription: "component \(type) cannot be sent"))
        }
    }

    /// Every text that was typed into it, by the name of its field.
    public var typedTexts: [String: String] {
        switch self {
        case .row(let components):
            components.reduce(into: [:]) { $0.merge($1.typedTexts) { first, _ in first } }
        case .textInput(let input): [input.customID: input.value ?? ""]
        case .button, .select, .other: [:]
        }
    }
}
