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

    /// Where the program leaves its result.
    public enum ResultSource: String, Sendable, CaseIterable {
        case stdout
        /// In the file that `ORCH_RESULT_FILE` names.
        case file
    }

    /// One argument, or several that belong together and are left out together if a placeholder in them has no value.
    public enum Argument: Sendable, Equatable {
        case single(String)
        case group([String])
    }

    public var name: String
    public var description: String?
    public var arguments: [Argument]
    public var prompt: PromptInput
    public var result: ResultSource
    public var environment: [String: String]
    /// For tasks that name none.
    public var model: String?
    public var thinking: String?

    public init(
        name: String, description: String? = nil, arguments: [Argument], prompt: PromptInput = .stdin,
        result: ResultSource = .stdout, environment: [String: String] = [:], model: String? = nil, thinking: String? = nil
    ) {
        self.name = name
        self.description = description
        self.arguments = arguments
        self.prompt = prompt
        self.result = result
        self.environment = environment
        self.model = model
        self.thinking = thinking
    }
}
