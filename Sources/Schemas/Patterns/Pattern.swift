import Text

/// A regular expression (ECMA-262, with the flag u), without what takes more than time in proportion to the text: it is run on
/// all ways at once and goes back for none (K. Thompson, 1968), so that no pattern and no text can make it hang.
public struct Pattern: Sendable, Equatable {
    /// What is wrong with a pattern, as in "the pattern … has …".
    public struct Fault: Error, Equatable, Sendable {
        public var problem: String
        public init(problem: String) { self.problem = problem }
    }

    enum Instruction: Sendable, Equatable {
        case one(ScalarSet)
        case jump(Int)
        case split(Int, Int)
        case assert(Place)
        case match
    }

    enum Place: Sendable { case start, end, wordBoundary, noWordBoundary }

    /// What repetitions by number may unroll to.
    static let maximumLength = 8_192

    public let text: String
    /// Whether large and small letters count as the same.
    public let ignoresCase: Bool
    let program: [Instruction]

    public init(_ text: String, ignoresCase: Bool = false) throws(Fault) {
        self.text = text
        self.ignoresCase = ignoresCase
        var parser = PatternParser(text)
        var compiler = PatternCompiler(ignoresCase: ignoresCase)
        try compiler.add(try parser.parse())
        program = compiler.program + [.match]
    }

    /// Whether it is found anywhere in a text; nil if that is unknown after this number of steps.
    ///
    /// - Parameter steps: how many are left; what is used is taken off.
    public func matches(_ text: String, steps: inout Int) -> Bool? {
        // What it costs to begin.
        steps -= 1 + (program.count + text.utf8.count) / 16
        guard steps >= 0 else { return nil }
        var run = Run(program: program, text: Array(text.unicodeScalars), steps: steps)
        defer { steps = run.steps }
        return run.matches()
    }
}

/// One pattern on its way through one text.
private struct Run {
    let program: [Pattern.Instruction]
    let text: [Unicode.Scalar]
    var steps: Int

    /// The instructions that wait for the next scalar, each once.
    private var waiting: [Int] = []
    /// At which position an instruction was last come to.
    private var seen: [Int]
    private var isFound = false

    init(program: [Pattern.Instruction], text: [Unicode.Scalar], steps: Int) {
        self.program = program
        self.text = text
        self.steps = steps
        seen = [Int](repeating: -1, count: program.count)
    }

    mutating func matches() -> Bool? {
        for position in 0...text.count {
            // It may begin anywhere.
            follow(0, at: position)
            if isFound { return true }
            guard steps >= 0 else { return nil }
            guard position < text.count else { break }
            let scalar = text[position]
            let current = waiting
            waiting.removeAll(keepingCapacity: true)
            for index in current {
                if case .one(let set) = program[index], set.contains(scalar) { follow(index + 1, at: position + 1) }
                if isFound { return true }
            }
        }
        return false
    }

    /// Goes on from an instruction to all that need a scalar.
    private mutating func follow(_ start: Int, at position: Int) {
        var open = [start]
        while let index = open.popLast(), steps >= 0 {
            guard seen[index] != position else { continue }
            seen[index] = position
            steps -= 1
            switch program[index] {
            case .one: waiting.append(index)
            case .jump(let target): open.append(target)
            case .split(let first, let second): open += [first, second]
            case .assert(let place): if holds(place, at: position) { open.append(index + 1) }
            case .match: isFound = true
            }
        }
    }

    private func holds(_ place: Pattern.Place, at position: Int) -> Bool {
        func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ScalarSet.word.contains(text[index]) }
        let isBoundary = isWord(position - 1) != isWord(position)
        return switch place {
        case .start: position == 0
        case .end: position == text.count
        case .wordBoundary: isBoundary
        case .noWordBoundary: !isBoundary
        }
    }
}
