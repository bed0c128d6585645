import ArgumentParser
import OrchProtocol

/// What is wrong with a command line that could be read only in part, and what to type instead.
struct UsageFault {
    var message: String
    var hint: String

    /// - Parameter message: the complaint of the parser.
    init(_ message: String, in line: CommandLineReader) {
        let help = "try: \(line.verb) --help"
        // What is not known is the reason for most of what the parser says then.
        if let unknown = line.unknownOption {
            self.message = "\(line.verb) has no option \(unknown.shortened(to: 60))"
            hint = Self.hint(for: unknown, in: line) ?? help
            return
        }
        self.message = Self.reworded(message, verb: line.verb)
        hint = Self.isCommandWithoutDashes(line) ? Self.howToQuote(line) : help
    }

    private static func hint(for unknown: String, in line: CommandLineReader) -> String? {
        let known = OptionTable(line.command).longNames
        let word = String(unknown.unicodeScalars.drop { $0 == "-" })
        let meant =
            synonyms[word].flatMap { known.contains("--" + $0) ? $0 : nil }
            ?? (unknown.utf8.count > 3 ? nearest(word, in: known.map { String($0.dropFirst(2)) }) : nil)
        if let meant { return "did you mean --\(meant)?" }
        if isCommandWithoutDashes(line) { return howToQuote(line) }
        return line.command is any TakesCommand.Type && line.head.last == unknown
            ? "a prompt that begins with a dash comes on standard input: printf %s '\(unknown) …' | \(line.verb) -" : nil
    }

    /// Words of other queues.
    private static let synonyms = [
        "dir": "cwd", "chdir": "cwd", "directory": "cwd", "working-directory": "cwd", "at": "not-before", "when": "not-before",
        "start": "not-before", "begin": "not-before", "delay": "not-before", "deadline": "expires", "environment": "env",
        "retry": "retries", "tag": "label", "tags": "label", "labels": "label", "prio": "priority", "nice": "priority",
        "mem": "memory", "cores": "cpu", "cpus": "cpu", "time": "timeout", "max-time": "timeout", "queue": "pool",
        "group": "pool", "lines": "tail", "last": "tail", "states": "state", "status": "state", "file": "batch", "id": "key",
        "input": "stdin", "title": "name", "schema": "result-schema", "max": "limit", "count": "limit", "number": "limit",
    ]

    /// `orchctl run make -j2`.
    private static func isCommandWithoutDashes(_ line: CommandLineReader) -> Bool {
        guard line.command is any TakesCommand.Type else { return false }
        return line.rest.words.isEmpty && line.head.count > 1 && line.head.first?.utf8.first != UInt8(ascii: "-")
    }

    private static func howToQuote(_ line: CommandLineReader) -> String {
        "quote a prompt, put -- before a command: \(line.verb) -- make -j2; see also: \(line.verb) --help"
    }

    /// The parser's sentences in ours: what, and what it must be; `--retries must be a whole number from 0 to 1000, not "two"`.
    private static func reworded(_ message: String, verb: String) -> String {
        let first = message.split(separator: "\n").first.map(String.init) ?? message
        if let missing = first.between("Missing expected argument '", "'") { return "\(verb) needs \(missing)" }
        if let option = first.between("Missing value for '", "'") {
            return "\(OptionTable.name(of: option.word)) needs a value: \(option)"
        }
        guard first.utf8.starts(with: "The value '".utf8), let place = first.between("' is invalid for '", "'") else {
            return message
        }
        let detail = message.after("' is invalid for '\(place)': ")
        guard let detail else {
            let value = first.between("The value '", "' is invalid for '") ?? ""
            return "\(place.word) cannot be \"\(value.shortened(to: 60))\""
        }
        return detail.utf8.starts(with: "must be".utf8) ? "\(place.word) \(detail)" : detail
    }
}

extension Failure {
    /// A refusal of the daemon, which calls a value by the name of its parameter; on the command line that is an option.
    init(_ error: WireError, in line: CommandLineReader) {
        var error = error
        if let field = error.data?.field, let option = Self.option(of: field, in: line) {
            let quoted = "\"\(field)\""
            if error.message.utf8.starts(with: quoted.utf8) {
                error.message = option + String(Substring(error.message.utf8.dropFirst(quoted.utf8.count)))
            }
        }
        self.init(error)
    }

    /// `--memory` for `resources.memory`, `--state` for `states[0]`.
    private static func option(of field: String, in line: CommandLineReader) -> String? {
        let parts = field.utf8.split(separator: UInt8(ascii: ".")).map { String(Substring($0)) }
        guard let first = parts.first, let last = parts.last else { return nil }
        let name = String((first == "resources" ? last : first).unicodeScalars.prefix { $0 != "[" })
        let option = ["labels": "label", "states": "state"][name] ?? String(name.map { $0 == "_" ? "-" : $0 })
        return OptionTable(line.command)["--" + option]?.name
    }
}

extension String {
    /// Up to the first space.
    fileprivate var word: String { String(unicodeScalars.prefix { $0 != " " }) }

    /// What follows the first occurrence of a text.
    fileprivate func after(_ text: String) -> String? {
        utf8.firstRange(of: text.utf8).map { String(self[$0.upperBound...]) }
    }

    fileprivate func between(_ start: String, _ end: String) -> String? {
        guard let rest = after(start), let close = rest.utf8.firstRange(of: end.utf8) else { return nil }
        return String(rest[..<close.lowerBound])
    }
}
