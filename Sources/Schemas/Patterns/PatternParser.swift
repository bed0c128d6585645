import Text

/// Takes a pattern apart. What would make it more than a regular expression, or is known to nobody, is refused.
struct PatternParser {
    private static let maximumDepth = 50
    private static let maximumRepetition = 1_000

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func next() -> Unicode.Scalar? {
        defer { position += 1 }
        return current
    }

    private mutating func skip(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[min(position, scalars.count)...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    private func fail(_ problem: String) -> Pattern.Fault { Pattern.Fault(problem: problem) }

    mutating func parse() throws(Pattern.Fault) -> PatternNode {
        let node = try choice()
        guard current == nil else { throw fail("has a \")\" without its \"(\"") }
        return node
    }

    private mutating func choice() throws(Pattern.Fault) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw fail("has more than \(Self.maximumDepth) levels of groups") }
        var choices = [try sequence()]
        while skip("|") { choices.append(try sequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(Pattern.Fault) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            if let place = place() {
                nodes.append(.assert(place))
                if try repetition() != nil { throw fail("repeats a place, such as \"^\"") }
                continue
            }
            guard try repetition() == nil else { throw fail("repeats nothing") }
            let atom = try atom()
            guard let (minimum, maximum) = try repetition() else {
                nodes.append(atom)
                continue
            }
            // Whether it takes as few as possible decides where a match is, and not whether there is one.
            _ = skip("?")
            nodes.append(.repetition(atom, minimum: minimum, maximum: maximum))
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func place() -> Pattern.Place? {
        if skip("^") { return .start }
        if skip("$") { return .end }
        if skip("\\b") { return .wordBoundary }
        return skip("\\B") ? .noWordBoundary : nil
    }

    // MARK: Repetitions

    private mutating func repetition() throws(Pattern.Fault) -> (Int, Int?)? {
        if skip("*") { return (0, nil) }
        if skip("+") { return (1, nil) }
        if skip("?") { return (0, 1) }
        let start = position
        guard skip("{") else { return nil }
        let minimum = try number()
        var maximum = minimum
        if skip(",") { maximum = try number() }
        guard let minimum, skip("}") else {
            // A brace that begins no repetition stands for itself.
            position = start
            return nil
        }
        if let maximum, maximum < minimum { throw fail("has a repetition whose numbers are out of order") }
        return (minimum, maximum)
    }

    private mutating func number() throws(Pattern.Fault) -> Int? {
        var digits = ""
        while let scalar = current, ScalarSet.digit.contains(scalar) {
            digits.unicodeScalars.append(scalar)
            position += 1
        }
        guard !digits.isEmpty else { return nil }
        guard let number = Int(digits), number <= Self.maximumRepetition else {
            throw fail("repeats more than \(Self.maximumRepetition) times")
        }
        return number
    }

    // MARK: What is repeated

    private mutating func atom() throws(Pattern.Fault) -> PatternNode {
        switch next() {
        case "(": return try group()
        case "[": return .one(try set())
        case ".": return .one(.any)
        case "\\": return .one(try escape(inSet: false))
        case let scalar?: return .one(ScalarSet(scalar))
        case nil: throw fail("ends too early")
        }
    }

    private mutating func group() throws(Pattern.Fault) -> PatternNode {
        if skip("?") {
            if skip("=") || skip("!") || skip("<=") || skip("<!") {
                throw fail("uses lookahead or lookbehind, which is not supported")
            }
            if skip("<") {
                while let scalar = current, scalar != ">" { _ = (scalar, position += 1) }
                guard skip(">") else { throw fail("has a group whose name does not end") }
            } else if !skip(":") {
                throw fail("has a group of an unknown kind")
            }
        }
        let node = try choice()
        guard skip(")") else { throw fail("has a \"(\" without its \")\"") }
        return node
    }

    private mutating func set() throws(Pattern.Fault) -> ScalarSet {
        let isInverted = skip("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !skip("]") {
            let first = try member()
            guard first.isSingle, current == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                ranges += first.set.positive
                continue
            }
            position += 1
            let last = try member()
            guard last.isSingle, let low = first.set.ranges.first?.lowerBound, let high = last.set.ranges.first?.lowerBound,
                low <= high
            else { throw fail("has an invalid range in brackets") }
            ranges.append(low...high)
        }
        return ScalarSet(ranges, isInverted: isInverted)
    }

    private mutating func member() throws(Pattern.Fault) -> (set: ScalarSet, isSingle: Bool) {
        switch next() {
        case nil: throw fail("has a \"[\" without its \"]\"")
        case "\\":
            let set = try escape(inSet: true)
            return (set, !set.isInverted && set.ranges.count == 1 && set.ranges[0].count == 1)
        case let scalar?: return (ScalarSet(scalar), true)
        }
    }

    // MARK: Escapes

    private mutating func escape(inSet: Bool) throws(Pattern.Fault) -> ScalarSet {
        guard let scalar = next() else { throw fail("ends with a backslash") }
        switch scalar {
        case "d": return .digit
        case "D": return .digit.inverted
        case "w": return .word
        case "W": return .word.inverted
        case "s": return .space
        case "S": return .space.inverted
        case "t": return ScalarSet("\t")
        case "n": return ScalarSet("\n")
        case "v": return ScalarSet("\u{B}")
        case "f": return ScalarSet("\u{C}")
        case "r": return ScalarSet("\r")
        case "b" where inSet: return ScalarSet("\u{8}")
        case "0" where !(current.map(ScalarSet.digit.contains) ?? false): return ScalarSet("\0")
        case "x": return ScalarSet(try scalarValue(digits: 2))
        case "u": return ScalarSet(try unicodeEscape())
        case "p", "P": throw fail("has a class by Unicode property (\\p), which is not supported; use ranges")
        case "0"..."9", "k": throw fail("uses a backreference, which is not supported")
        case "a"..."z", "A"..."Z": throw fail("has the unknown escape \\\(scalar)")
        default: return ScalarSet(scalar)
        }
    }

    private mutating func unicodeEscape() throws(Pattern.Fault) -> Unicode.Scalar {
        guard skip("{") else { return try pair() }
        var digits = ""
        while let scalar = current, scalar != "}", digits.utf8.count <= 6 {
            digits.unicodeScalars.append(scalar)
            position += 1
        }
        guard skip("}"), let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else {
            throw fail("has a \\u{…} that is not a character")
        }
        return scalar
    }

    /// `\uD83D\uDE00` is one character.
    private mutating func pair() throws(Pattern.Fault) -> Unicode.Scalar {
        let high = try unit(digits: 4)
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, skip("\\u"), case let low = try unit(digits: 4), (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw fail("has half of a surrogate pair") }
        return scalar
    }

    private mutating func scalarValue(digits: Int) throws(Pattern.Fault) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(try unit(digits: digits)) else { throw fail("has an escape that is not a character") }
        return scalar
    }

    private mutating func unit(digits: Int) throws(Pattern.Fault) -> UInt32 {
        let text = String(String.UnicodeScalarView(scalars[min(position, scalars.count)...].prefix(digits)))
        guard text.utf8.count == digits, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }), let unit = UInt32(text, radix: 16)
        else { throw fail("has an escape without its \(digits) hexadecimal digits") }
        position += digits
        return unit
    }
}
