import Text

/// A pattern, taken apart.
indirect enum PatternNode: Sendable {
    case one(ScalarSet)
    case assert(Pattern.Place)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// Without a maximum, any number of times.
    case repetition(PatternNode, minimum: Int, maximum: Int?)
}

/// Makes the instructions of a pattern.
struct PatternCompiler {
    let ignoresCase: Bool
    private(set) var program: [Pattern.Instruction] = []
    /// Counted beside the instructions: what is empty makes none, however often it is repeated.
    private var additions = 0

    init(ignoresCase: Bool) { self.ignoresCase = ignoresCase }

    mutating func add(_ node: PatternNode) throws(Pattern.Fault) {
        additions += 1
        guard max(program.count, additions) < Pattern.maximumLength else {
            throw Pattern.Fault(problem: "is too long when its repetitions are expanded")
        }
        switch node {
        case .one(let set): program.append(.one(ignoresCase ? set.folded : set))
        case .assert(let place): program.append(.assert(place))
        case .sequence(let nodes): for node in nodes { try add(node) }
        case .choice(let nodes): try add(choiceOf: nodes[...])
        case .repetition(let node, let minimum, let maximum):
            for _ in 0..<minimum { try add(node) }
            if let maximum { try add(node, atMost: maximum - minimum) } else { try addLoop(node) }
        }
    }

    private mutating func add(choiceOf nodes: ArraySlice<PatternNode>) throws(Pattern.Fault) {
        var ends: [Int] = []
        for node in nodes.dropLast() {
            let split = reserve()
            try add(node)
            ends.append(reserve())
            program[split] = .split(split + 1, program.count)
        }
        if let last = nodes.last { try add(last) }
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func addLoop(_ node: PatternNode) throws(Pattern.Fault) {
        let split = reserve()
        try add(node)
        program.append(.jump(split))
        program[split] = .split(split + 1, program.count)
    }

    private mutating func add(_ node: PatternNode, atMost count: Int) throws(Pattern.Fault) {
        var splits: [Int] = []
        for _ in 0..<count {
            splits.append(reserve())
            try add(node)
        }
        for split in splits { program[split] = .split(split + 1, program.count) }
    }

    /// A place for an instruction that is not known yet.
    private mutating func reserve() -> Int {
        program.append(.jump(0))
        return program.count - 1
    }
}
