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
    public enum Style: Int, Sendable, Codable, Blank {
        case primary = 1
        case secondary, success, danger, link, premium

        public static let blank = secondary
    }

    @Lenient public var style: Style
    @Lenient public var label: String?
    /// What the click brings back: at most 100 characters.
    @Lenient public var customID: String?
    /// Where a link leads. Such a button tells nobody of the click.
    @Lenient public var url: String?
    @Lenient public var disabled = false

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
    }

    private enum CodingKeys: String, CodingKey {
        case style, label, url, disabled
        case customID = "custom_id"
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

    @Lenient public var customID: String
    @Lenient public var placeholder: String?
    @Lenient public var options: [Option]
    @Lenient public var disabled: Bool

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
}

/// A field of a form. When the form comes back, `value` is what was typed.
public struct TextInput: Hashable, Sendable, Codable {
    public enum Style: Int, Sendable, Codable { case short = 1, paragraph }

    @Lenient public var customID: String
    @Lenient public var label: String?
    @Lenient public var style: Style?
    @Lenient public var value: String?
    @Lenient public var placeholder: String?
    @Lenient public var required: Bool?
    @Lenient public var maximumLength: Int?

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
        let (type, content): (Int, any Encodable) =
            switch self {
            case .row(let components): (1, ["components": components])
            case .button(let button): (2, button)
            case .select(let menu): (3, menu)
            case .textInput(let input): (4, input)
            case .other(let type):
                throw EncodingError.invalidValue(
                    self, .init(codingPath: encoder.codingPath, debugDescription: "component \(type) cannot be sent"))
            }
        try content.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
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
