import Text

/// How one program that takes prompts is run and read. It comes from a file, so that a program needs no code of its own.
public struct AgentDefinition: Sendable, Equatable {
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
    /// Looked at in order where an attempt was no success.
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

    /// Whose allowance a task uses that asks for a model, or for none.
    public func provider(ofModel asked: String?) -> String {
        let model = asked ?? model
        return model?.cut(at: "/").map { String($0.before) } ?? provider ?? ""
    }
}
