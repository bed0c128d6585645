import ArgumentParser
import OrchProtocol
import Presentation

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
        self.message = ParserComplaint.reworded(message, verb: line.verb)
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
            ? "send a prompt that begins with a dash on standard input: printf %s '\(unknown) …' | \(line.verb) -" : nil
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
