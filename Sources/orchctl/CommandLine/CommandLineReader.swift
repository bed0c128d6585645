import ArgumentParser
import OrchProtocol

/// A verb that takes a list of any length, or what looks like an option and is not one.
protocol TakesRest: ParsableCommand {
    mutating func take(_ rest: CommandLineReader.Rest) throws
}

/// A verb whose `--` begins a command.
protocol TakesCommand: TakesRest {}

/// A command line, divided between ArgumentParser and us.
///
/// The parser takes time that is quadratic in the number of arguments, has no `-n1` and no `-fn1`, and takes every word that begins with a
/// dash for an option, a prompt and a number below 0 included. So it gets the options, written in the way it knows, and the first of a
/// list; the verb gets the rest of it afterwards.
struct CommandLineReader {
    /// What the parser does not see.
    struct Rest {
        /// The further words of a command, or operands of a list.
        var words: [String] = []
        /// A prompt that begins with a dash.
        var prompt: String?
    }

    let command: any ParsableCommand.Type
    /// `orchctl pool resize`.
    let verb: String
    /// The words before `--` and after the verb.
    let head: [String]
    private(set) var forParser: [String]
    private(set) var rest = Rest()

    private static let isGlobal = ["--json": false, "--socket": true]
    /// The parser reads this number of words quickly.
    private static let few = 64
    /// No task has more options than this.
    private static let maximumOptions = 2000

    /// - Parameter arguments: without the name of the program.
    /// - Throws: ``Failure`` for a verb that there is not.
    init(_ arguments: [String]) throws {
        let arguments = Verbs.expanded(Self.globalsLast(arguments))
        let (path, command) = try Verbs.find(arguments)
        self.command = command
        verb = (["orchctl"] + path).joined(separator: " ")
        let body = arguments[path.count...]
        let end = body.firstIndex(of: "--") ?? body.endIndex
        head = Array(body[..<end])
        let tail = body[end...].dropFirst()
        forParser = path

        var operands: [String] = []
        var operandCount = 1
        if head.count > Self.few || Self.isUnusual(head) {
            let table = OptionTable(command)
            operandCount = max(table.operands, 1)
            operands = readHead(table)
        } else {
            forParser += head
        }
        let isList = command is any TakesRest.Type && !(command is any TakesCommand.Type)
        if isList {
            operands += tail
            let known = operands.prefix(operandCount)
            if known.contains(where: { $0.utf8.first == UInt8(ascii: "-") }) { forParser.append("--") }
            forParser += known
            rest.words = Array(operands.dropFirst(operandCount))
        } else {
            let parts = command is any TakesCommand.Type ? (tail.prefix(1), tail.dropFirst()) : (tail, [])
            if end < body.endIndex || !operands.isEmpty { forParser.append("--") }
            forParser += operands + parts.0
            rest.words = Array(parts.1)
        }
        guard forParser.count <= Self.maximumOptions else {
            throw Failure(.usage, "\(verb) takes no \(head.count) words; a command comes after --", hint: "try: \(verb) --help")
        }
    }

    /// `orchctl --json list` is `orchctl list --json`.
    private static func globalsLast(_ arguments: [String]) -> [String] {
        var globals: [String] = []
        var rest = arguments[...]
        while let word = rest.first, let takesValue = isGlobal[OptionTable.name(of: word)] {
            globals.append(rest.removeFirst())
            if takesValue, OptionTable.name(of: word) == word, let value = rest.popFirst() { globals.append(value) }
        }
        guard !globals.isEmpty, let verb = rest.first, verb.utf8.first != UInt8(ascii: "-") else { return arguments }
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return rest[..<end] + globals + rest[end...]
    }

    /// Whether there is something that only the options of the verb explain.
    private static func isUnusual(_ words: [String]) -> Bool {
        var wasOption = false
        for word in words {
            let isOption = isDashed(word)
            // A long one and a short one alone are what they seem to be, unless they are the value of another.
            if isOption, wasOption || mayBeText(word) || !(isLong(word) || isLetter(word)) { return true }
            wasOption = isOption
        }
        return false
    }

    private static func isDashed(_ word: String) -> Bool { word.utf8.first == UInt8(ascii: "-") && word.utf8.count > 1 }
    private static func isLong(_ word: String) -> Bool { word.utf8.starts(with: "--".utf8) }

    /// `-a`.
    private static func isLetter(_ word: String) -> Bool {
        word.utf8.count == 2 && word.unicodeScalars.dropFirst().allSatisfy { $0.properties.isAlphabetic }
    }

    /// Whether it has a space where no option can have one.
    static func mayBeText(_ word: String) -> Bool {
        OptionTable.name(of: word).unicodeScalars.contains { $0.properties.isWhitespace }
    }

    // MARK: The words before `--`

    /// Writes the options as the parser knows them; answers the operands, where they are not in their places for it.
    private mutating func readHead(_ table: OptionTable) -> [String] {
        let isList = command is any TakesRest.Type && !(command is any TakesCommand.Type)
        var operands: [String] = []
        var words = head[...]
        while let word = words.popFirst() {
            guard Self.isDashed(word), !isOperand(word, table) else {
                let isDashed = Self.isDashed(word)
                if isDashed, command is any TakesCommand.Type, rest.prompt == nil {
                    rest.prompt = word
                } else if isList || isDashed || !operands.isEmpty {
                    operands.append(word)
                } else {
                    forParser.append(word)
                }
                continue
            }
            if Self.isLong(word) {
                let isAlone = OptionTable.name(of: word) == word
                append(word, isAlone ? table[word] : nil, &words, table)
            } else {
                readCluster(word, &words, table)
            }
        }
        return operands
    }

    /// Whether it cannot be an option, though it begins with a dash: a text, or a number.
    private func isOperand(_ word: String, _ table: OptionTable) -> Bool {
        if Self.isLong(word) { return Self.mayBeText(word) }
        let isNumber = word.utf8.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard Self.mayBeText(word) || isNumber && !(command is any TakesCommand.Type) else { return false }
        return table["-" + String(word.unicodeScalars.dropFirst().prefix(1))] == nil
    }

    /// `-fn1` is `-f -n 1`; `-p=x` is left to the parser.
    private mutating func readCluster(_ word: String, _ words: inout ArraySlice<String>, _ table: OptionTable) {
        var letters = word.unicodeScalars.dropFirst()
        var expanded: [String] = []
        while let letter = letters.popFirst() {
            let name = "-" + String(letter)
            // What is not known is named as it was written.
            guard let option = table[name], letters.first != "=" || !expanded.isEmpty else { return forParser.append(word) }
            if option.takesValue {
                forParser += expanded
                if letters.isEmpty { return append(name, option, &words, table) }
                return forParser.append("\(option.name)=\(String(letters))")
            }
            expanded.append(name)
        }
        forParser += expanded
    }

    /// An option, with the value that follows it where it takes one: also one that begins with a dash, unless it is an option itself.
    private mutating func append(
        _ word: String, _ option: OptionTable.Option?, _ words: inout ArraySlice<String>, _ table: OptionTable
    ) {
        guard let option, option.takesValue, let value = words.first, !table.isOption(value) else {
            return forParser.append(word)
        }
        words.removeFirst()
        forParser += Self.isDashed(value) ? ["\(option.name)=\(value)"] : [word, value]
    }
}

extension CommandLineReader {
    /// The first word before `--` that is an option which the verb has not.
    var unknownOption: String? {
        let table = OptionTable(command)
        var words = head[...]
        while let word = words.popFirst() {
            guard Self.isDashed(word), !isOperand(word, table) else { continue }
            if let option = table[OptionTable.name(of: word)] {
                if option.takesValue, OptionTable.name(of: word) == word, let next = words.first, !table.isOption(next) {
                    words.removeFirst()
                }
            } else if Self.isLong(word) {
                return OptionTable.name(of: word)
            } else {
                var letters = word.unicodeScalars.dropFirst()
                while let letter = letters.popFirst() {
                    guard let option = table["-" + String(letter)] else { return "-" + String(letter) }
                    if option.takesValue { break }
                }
            }
        }
        return nil
    }

    /// Whether an option is given, in full.
    func has(_ option: String) -> Bool { head.contains(option) }
}
