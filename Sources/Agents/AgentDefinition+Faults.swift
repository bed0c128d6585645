import OrchProtocol
import Text

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
            faults.append(("command_prefixes", "command_prefixes has an empty one, which every prompt begins with"))
        }
        if !output.end.isEmpty, output.format != .jsonl {
            faults.append(("end", "[output] end goes with format = \"jsonl\" only"))
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
            faults.append(("argv", "argv has no \"{thinking}\", so that [thinking] would have no effect"))
        }
        if !takesModel, model != nil { faults.append(("model", "model would have no effect, since argv has no \"{model}\"")) }
        let words = Set((arguments.flatMap(\.templates) + environment.values).flatMap(Self.wordsInBraces))
        for word in words.sorted() where !Self.placeholders.contains(word) {
            // Braces of another meaning are the program's own; a slip of the pen is not.
            guard let meant = nearest(word, in: Self.placeholders) else { continue }
            faults.append(("argv", "\"{\(word)}\" is no placeholder; did you mean \"{\(meant)}\"?"))
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
        return [("default", "[thinking] default is none of its levels: \(names.keys.sorted().joined(separator: ", "))")]
    }
}
