/// What is started for a prompt.
public struct Invocation: Sendable, Equatable {
    public var arguments: [String]
    public var input: String?
    /// The text of the file that `{prompt_file}` stands for.
    public var file: String?
}

extension AgentDefinition {
    public static let placeholders = ["prompt", "prompt_file", "model", "thinking"]

    /// Puts a prompt into the template. Text stays data: it becomes an argument or a part of one, and is never read as more.
    ///
    /// - Parameter filePath: what `{prompt_file}` is to be replaced with.
    public func invocation(prompt text: String, model: String?, thinking: String?, filePath: String) -> Invocation {
        let values = [
            "prompt": prompt == .argument ? text : nil,
            "prompt_file": prompt == .file ? filePath : nil,
            "model": model ?? self.model,
            "thinking": thinking ?? self.thinking,
        ]
        var filled: [String] = []
        for argument in arguments {
            switch argument {
            case .single(let template): filled.append(fill(template, values) ?? "")
            case .group(let templates):
                let group = templates.compactMap { fill($0, values) }
                if group.count == templates.count { filled += group }
            }
        }
        return Invocation(
            arguments: filled, input: prompt == .stdin ? text : nil, file: prompt == .file ? text : nil)
    }

    /// The template with each `{name}` replaced, once, from left to right; nil if one of them has no value.
    private func fill(_ template: String, _ values: [String: String?]) -> String? {
        var result = ""
        var rest = Substring(template)
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"),
                case let name = String(rest[rest.index(after: open)..<close]), let value = values[name]
            else {
                result.append(rest.removeFirst())
                continue
            }
            guard let value else { return nil }
            result += value
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    /// What is wrong with the definition, in words that name the key; empty if nothing is.
    public var faults: [(key: String, problem: String)] {
        var faults: [(String, String)] = []
        let templates = arguments.flatMap { argument in
            switch argument {
            case .single(let template): [template]
            case .group(let templates): templates
            }
        }
        func mentions(_ name: String) -> Bool { templates.contains { $0.contains("{\(name)}") } }
        if templates.first.map(\.isEmpty) ?? true { faults.append(("argv", "is empty")) }
        if case .group = arguments.first { faults.append(("argv", "must begin with the program, not with a group")) }
        if prompt == .argument, !mentions("prompt") {
            faults.append(("argv", "has no \"{prompt}\", although prompt = \"argument\""))
        }
        if prompt == .file, !mentions("prompt_file") {
            faults.append(("argv", "has no \"{prompt_file}\", although prompt = \"file\""))
        }
        if prompt != .argument, mentions("prompt") {
            faults.append(("prompt", "must be \"argument\", since argv has \"{prompt}\""))
        }
        return faults
    }
}
