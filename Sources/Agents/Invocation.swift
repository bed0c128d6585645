import OrchProtocol

/// What is started for a prompt.
public struct Invocation: Sendable, Equatable {
    public var arguments: [String]
    public var environment: [String: String]
    public var input: String?
    /// The text of the file that `{prompt_file}` stands for.
    public var file: String?
    /// The text of the file that `{schema_file}` stands for, where that is used.
    public var schema: String?
    /// Where in its arguments the path of its door belongs, which nobody knows before it starts.
    public var socketPlaces: [SocketPlace] = []
}

/// Where `{socket}` stood: an argument, and the bytes before it there.
public struct SocketPlace: Sendable, Equatable {
    public var argument: Int
    public var offset: Int

    public init(argument: Int, offset: Int) {
        self.argument = argument
        self.offset = offset
    }
}

/// What a task asks of an agent, and where it runs.
public struct AgentRequest: Sendable {
    public var prompt: String
    /// The model and the level of thinking that it runs with, be they its own or the agent's.
    public var model: String?
    public var thinking: String?
    /// What `{prompt_file}` stands for.
    public var promptFile: String
    /// What `{schema_file}` stands for.
    public var schemaFile: String
    /// The directory that the program starts in.
    public var workspace: String?
    /// The file that `ORCH_RESULT_FILE` names.
    public var resultFile: String?
    /// The directory that `ORCH_RESULT_DIR` names.
    public var resultDirectory: String?
    /// Milliseconds.
    public var timeout: Int64?
    /// The text of the JSON Schema that the answer must satisfy.
    public var schema: String?
    /// Whether it gets a door.
    public var hasDoor = false

    public init(prompt: String, model: String? = nil, thinking: String? = nil, promptFile: String, schemaFile: String) {
        self.prompt = prompt
        self.model = model
        self.thinking = thinking
        self.promptFile = promptFile
        self.schemaFile = schemaFile
    }
}

extension AgentDefinition {
    public static let placeholders = [
        "prompt", "prompt_file", "model", "thinking", "workspace", "result_file", "result_dir", "timeout", "schema",
        "schema_file", "socket",
    ]

    /// Puts a prompt into the template. Text stays data: it becomes an argument or a part of one, and is never read as more.
    ///
    /// - Returns: nil for a prompt that is too long for this definition, which has it as an argument.
    public func invocation(_ request: AgentRequest) -> Invocation? {
        var request = request
        if commandPrefixes.contains(where: { request.prompt.utf8.starts(with: $0.utf8) }) {
            request.prompt = "\n" + request.prompt
        }
        let values = values(request)
        var filled: [Filled] = []
        for argument in arguments {
            switch argument {
            case .single(let template): filled.append(fill(template, values) ?? Filled())
            case .group(let templates):
                let group = templates.compactMap { fill($0, values) }
                if group.count == templates.count { filled += group }
            }
        }
        guard filled.allSatisfy({ $0.longest <= ArgumentSize.longest }) else { return nil }
        return Invocation(
            arguments: filled.map(\.text), environment: environment.compactMapValues { fill($0, values)?.text },
            input: prompt == .stdin ? request.prompt : nil, file: prompt == .file ? request.prompt : nil,
            schema: mentions("{schema_file}") ? request.schema : nil,
            socketPlaces: filled.enumerated().flatMap { index, argument in
                argument.sockets.map { SocketPlace(argument: index, offset: $0) }
            })
    }

    /// The longest prompt that it takes, in bytes; nil where that does not depend on its arguments. What stands in the same argument
    /// beside the prompt is as long as it is written, or as a path, a name or a schema may be.
    ///
    /// - Parameter longestSchema: bytes of the text of a JSON Schema.
    public func longestPrompt(withSchemaOf longestSchema: Int) -> Int? {
        guard prompt == .argument else { return nil }
        return templates.filter { $0.contains("{prompt}") }.map { template in
            let rest = template.replacing("{prompt}", with: "")
            let schemas = rest.ranges(of: "{schema}").count
            let places = rest.utf8.count { $0 == UInt8(ascii: "{") } - schemas
            let lineFeed = commandPrefixes.isEmpty ? 0 : 1
            let room = ArgumentSize.longest - lineFeed - rest.utf8.count - places * Self.longestValue - schemas * longestSchema
            return max(0, room) / template.ranges(of: "{prompt}").count
        }.min()
    }

    /// What its arguments and variables take, without prompts and schemas.
    public var ownSize: ArgumentSize {
        var size = ArgumentSize()
        for template in templates {
            size.add(stringOf: template.utf8.count + template.utf8.count { $0 == UInt8(ascii: "{") } * Self.longestValue)
        }
        return size
    }

    /// How often a text is put into its arguments and variables.
    public func places(of placeholder: String) -> Int {
        templates.reduce(0) { $0 + $1.ranges(of: placeholder).count }
    }

    /// As long as a path may be, and longer than any name.
    private static let longestValue = 4_096

    /// Of all arguments and variables, the latter with their names.
    private var templates: [String] {
        arguments.flatMap(\.templates) + environment.map { "\($0.key)=\($0.value)" }
    }

    private func values(_ request: AgentRequest) -> [String: String?] {
        let level = request.thinking
        return [
            "prompt": prompt == .argument ? request.prompt : nil,
            "prompt_file": prompt == .file ? request.promptFile : nil,
            "model": request.model,
            // A level that the program has no word for is refused at submit; one from another time is left out.
            "thinking": level.flatMap { level in thinkingNames.map { $0[level] } ?? level }.flatMap { $0.isEmpty ? nil : $0 },
            "workspace": request.workspace,
            "result_file": request.resultFile,
            "result_dir": request.resultDirectory,
            "timeout": request.timeout.map { String(($0 + 999) / 1000) },
            "schema": request.schema,
            "schema_file": request.schema.map { _ in request.schemaFile },
            // Where it goes is noted instead.
            "socket": request.hasDoor ? "" : nil,
        ]
    }

    /// The template with each `{name}` replaced, once, from left to right; nil if one of them has no value.
    private func fill(_ template: String, _ values: [String: String?]) -> Filled? {
        var result = Filled()
        var rest = template[...]
        while let (before, after) = rest.cut(at: "{") {
            result.text += before
            guard let (name, behind) = after.cut(at: "}"), let value = values[String(name)] else {
                result.text += "{"
                rest = after
                continue
            }
            guard let value else { return nil }
            if name == "socket" { result.sockets.append(result.text.utf8.count) }
            result.text += value
            rest = behind
        }
        result.text += rest
        return result
    }

    /// A template with its values.
    private struct Filled {
        var text = ""
        /// Where the path of a socket is missing, in bytes.
        var sockets: [Int] = []

        /// Bytes, with the longest path that a socket can have.
        var longest: Int { text.utf8.count + sockets.count * 107 }
    }
}
