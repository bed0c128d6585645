import OrchProtocol

/// How one program that takes prompts is run and read. It comes from a file, so that a program needs no code of its own.
public struct AgentDefinition: ModelDefaults, Sendable, Equatable {
    /// How the prompt gets to the program.
    public enum PromptInput: String, Sendable, CaseIterable {
        /// In place of `{prompt}` in its arguments.
        case argument
        /// On its standard input.
        case stdin
        /// In a file, whose path stands in place of `{prompt_file}`.
        case file
    }

    /// One argument, or several that belong together and are left out together if a placeholder in them has no value.
    public enum Argument: Sendable, Equatable {
        case single(String)
        case group([String])

        public var templates: [String] {
            switch self {
            case .single(let template): [template]
            case .group(let templates): templates
            }
        }
    }

    public var name: String
    public var description: String?
    public var arguments: [Argument]
    public var prompt = PromptInput.stdin
    /// Beginnings of a prompt that the program would take for one of its own commands. Such a prompt gets a line feed before it.
    public var commandPrefixes: [String] = []
    public var output = OutputRules()
    /// Checked in order if an attempt has failed.
    public var failures: [FailureRule] = []
    /// Values may contain the placeholders of a place, such as `{workspace}`.
    public var environment: [String: String] = [:]
    /// Variables that the program must not see, wherever they come from.
    public var unset: [String] = []
    /// For tasks that name none.
    public var model: String?
    public var thinking: String?
    /// What the program calls a level of thinking, by the level's name; nil where any word is handed on as it is.
    public var thinkingNames: [String: String]?
    /// Whose models they are, where the name of the model does not say so by `provider/model`.
    public var provider: String?
    /// What prints the program's version.
    public var versionArguments: [String]?
    /// How to get it, for people.
    public var installation: String?

    /// The levels of thinking that it can be told, in no order; nil where any is taken.
    public var thinkingLevels: Set<String>? {
        mentions("{thinking}") ? thinkingNames.map { Set($0.keys) } : []
    }

    /// Whether it can be told which model to use.
    public var takesModel: Bool { mentions("{model}") }

    /// Whether a placeholder stands anywhere.
    func mentions(_ placeholder: String) -> Bool {
        (arguments.flatMap(\.templates) + environment.values).contains { $0.contains(placeholder) }
    }

    /// The program as its definition names it.
    public var program: String? { if case .single(let word) = arguments.first { word } else { nil } }
}

extension AgentDefinition {
    public init(name: String, arguments: [Argument]) { self.init(name: name, description: nil, arguments: arguments) }

    /// What is wrong with the definition, in words that name the key; empty if nothing is.
    public var faults: [(key: String, problem: String)] { argumentFaults + outputFaults + thinkingFaults + effectFaults }

    private var argumentFaults: [(key: String, problem: String)] {
        let templates = arguments.flatMap(\.templates)
        func mentions(_ name: String) -> Bool { templates.contains { $0.contains("{\(name)}") } }
        let beginsWithGroup = if case .group = arguments.first { true } else { false }
        return Self.those([
            (templates.first?.isEmpty ?? true, "argv", "argv is empty"),
            (beginsWithGroup, "argv", "argv must begin with the program, not with a group"),
            (prompt == .argument && !mentions("prompt"), "argv", "argv has no \"{prompt}\", although prompt = \"argument\""),
            (prompt == .file && !mentions("prompt_file"), "argv", "argv has no \"{prompt_file}\", although prompt = \"file\""),
            (prompt != .argument && mentions("prompt"), "prompt", "prompt must be \"argument\", since argv has \"{prompt}\""),
        ])
    }

    private var outputFaults: [(key: String, problem: String)] {
        let hasPointer = (output.text + output.error).contains { !$0.pointers.isEmpty }
        let isText = output.format == .text
        return Self.those([
            (
                isText && hasPointer, "format",
                "[output] format must be \"json\" or \"jsonl\", since text or error has a pointer"
            ),
            (!isText && output.text.isEmpty, "text", "[output] text must say where in the JSON the answer is"),
            (
                commandPrefixes.contains(""), "command_prefixes",
                "command_prefixes has an empty prefix; every prompt would begin with it"
            ),
            (!output.end.isEmpty && output.format != .jsonl, "end", "[output] end needs format = \"jsonl\""),
            (
                output.grace != nil && !output.showsItsEnd, "grace",
                "[output] grace needs a format that shows its end: \"json\", or \"jsonl\" with an end"
            ),
        ])
    }

    /// Those of some faults that there are.
    private static func those(_ faults: [(isThere: Bool, key: String, problem: String)]) -> [(key: String, problem: String)] {
        faults.filter(\.isThere).map { ($0.key, $0.problem) }
    }

    /// What would be accepted, shown, and without effect.
    private var effectFaults: [(key: String, problem: String)] {
        var faults: [(String, String)] = []
        if !mentions("{thinking}"), thinking != nil || !(thinkingNames ?? [:]).isEmpty {
            faults.append(("argv", "argv has no \"{thinking}\", so [thinking] would have no effect"))
        }
        if environment.values.contains(where: { $0.contains("{socket}") }) {
            faults.append(("env", "env may not have \"{socket}\"; where there is a door, ORCHD_SOCKET is set without it"))
        }
        if !takesModel, model != nil { faults.append(("model", "model would have no effect, since argv has no \"{model}\"")) }
        let words = Set((arguments.flatMap(\.templates) + environment.values).flatMap(Self.wordsInBraces))
        for word in words.sorted() where !Self.placeholders.contains(word) {
            // Braces of another meaning are the program's own; a slip of the pen is not.
            guard let meant = nearest(word, in: Self.placeholders) else { continue }
            faults.append(("argv", "\"{\(word)}\" is not a placeholder; did you mean \"{\(meant)}\"?"))
        }
        return faults
    }

    private static func wordsInBraces(_ template: String) -> [String] {
        var words: [String] = []
        var rest = template[...]
        while let (_, after) = rest.cut(at: "{") {
            if let (word, _) = after.cut(at: "}") { words.append(String(word)) }
            rest = after
        }
        return words
    }

    private var thinkingFaults: [(key: String, problem: String)] {
        guard let thinking, let names = thinkingNames, names[thinking] == nil else { return [] }
        return [("default", "[thinking] default must be one of its levels: \(names.keys.sorted().joined(separator: ", "))")]
    }
}
