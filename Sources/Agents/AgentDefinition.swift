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
    public var prompt: PromptInput
    /// Beginnings of a prompt that the program would take for one of its own commands. Such a prompt gets a line feed before it.
    public var commandPrefixes: [String] = []
    public var output: OutputRules
    /// Checked in order if an attempt has failed.
    public var failures: [FailureRule]
    /// Values may contain the placeholders of a place, such as `{workspace}`.
    public var environment: [String: String]
    /// Variables that the program must not see, wherever they come from.
    public var unset: [String]
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

    public init(
        name: String, description: String? = nil, arguments: [Argument], prompt: PromptInput = .stdin,
        output: OutputRules = OutputRules(), failures: [FailureRule] = [], environment: [String: String] = [:],
        unset: [String] = [], model: String? = nil, thinking: String? = nil
    ) {
        self.name = name
        self.description = description
        self.arguments = arguments
        self.prompt = prompt
        self.output = output
        self.failures = failures
        self.environment = environment
        self.unset = unset
        self.model = model
        self.thinking = thinking
    }

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
    /// What is wrong with the definition, in words that name the key; empty if nothing is.
    public var faults: [(key: String, problem: String)] { argumentFaults + outputFaults + thinkingFaults + effectFaults }

    private var argumentFaults: [(key: String, problem: String)] {
        var faults: [(String, String)] = []
        let templates = arguments.flatMap(\.templates)
        func mentions(_ name: String) -> Bool { templates.contains { $0.contains("{\(name)}") } }
        if templates.first.map(\.isEmpty) ?? true { faults.append(("argv", "argv is empty")) }
        if case .group = arguments.first { faults.append(("argv", "argv must begin with the program, not with a group")) }
        if prompt == .argument, !mentions("prompt") {
            faults.append(("argv", "argv has no \"{prompt}\", although prompt = \"argument\""))
        }
        if prompt == .file, !mentions("prompt_file") {
            faults.append(("argv", "argv has no \"{prompt_file}\", although prompt = \"file\""))
        }
        if prompt != .argument, mentions("prompt") {
            faults.append(("prompt", "prompt must be \"argument\", since argv has \"{prompt}\""))
        }
        return faults
    }

    private var outputFaults: [(key: String, problem: String)] {
        var faults: [(String, String)] = []
        switch output.format {
        case .text:
            let readings = output.text + output.error
            if readings.contains(where: { !$0.pointers.isEmpty }) {
                faults.append(("format", "[output] format must be \"json\" or \"jsonl\", since text or error has a pointer"))
            }
        case .json, .jsonl:
            if output.text.isEmpty { faults.append(("text", "[output] text must say where in the JSON the answer is")) }
        }
        if commandPrefixes.contains("") {
            faults.append(("command_prefixes", "command_prefixes has an empty prefix; every prompt would begin with it"))
        }
        if !output.end.isEmpty, output.format != .jsonl {
            faults.append(("end", "[output] end needs format = \"jsonl\""))
        }
        if output.grace != nil, !output.showsItsEnd {
            faults.append(("grace", "[output] grace needs a format that shows its end: \"json\", or \"jsonl\" with an end"))
        }
        return faults
    }

    /// What would be accepted, shown, and without effect.
    private var effectFaults: [(key: String, problem: String)] {
        var faults: [(String, String)] = []
        if !mentions("{thinking}"), thinking != nil || !(thinkingNames ?? [:]).isEmpty {
            faults.append(("argv", "argv has no \"{thinking}\", so [thinking] would have no effect"))
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
