extension AgentDefinition {
    /// What is wrong with the definition, in words that name the key; empty if nothing is.
    public var faults: [(key: String, problem: String)] { argumentFaults + outputFaults + thinkingFaults }

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

    private var thinkingFaults: [(key: String, problem: String)] {
        guard let thinking, let names = thinkingNames, names[thinking] == nil else { return [] }
        return [("default", "[thinking] default is none of its levels: \(names.keys.sorted().joined(separator: ", "))")]
    }
}
