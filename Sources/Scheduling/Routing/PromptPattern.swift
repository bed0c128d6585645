import Glibc

/// A POSIX extended regular expression (regex(7)) that is looked for in the lines at the beginning of prompts, as grep -E does.
///
/// By the C library, whose automaton goes through the text but once where it need not say where a match is, and has but one place to
/// begin at. What would make it try again and again, back-references, is refused. The automaton is made anew for each prompt,
/// because it grows with what it has seen.
public struct PromptPattern: Sendable, Equatable {
    public struct Invalid: Error, Equatable {
        public var problem: String
    }

    public let source: String
    public let ignoresCase: Bool

    private static let maximumLength = 1_000
    /// Bytes of a prompt that are looked at.
    static let range = 16_384

    public init(_ source: String, ignoresCase: Bool = false) throws(Invalid) {
        guard (1...Self.maximumLength).contains(source.utf8.count), !source.utf8.contains(0) else {
            throw Invalid(problem: "must have 1 to \(Self.maximumLength) bytes and no NUL")
        }
        guard !Self.hasBackReference(source) else { throw Invalid(problem: "cannot refer back with \"\\1\" to \"\\9\"") }
        self.source = source
        self.ignoresCase = ignoresCase
        try withCompiled(source) { _ in }
    }

    /// Whether the pattern is found.
    func matches(_ prompt: String) -> Bool {
        let lines = prompt.utf8.prefix(Self.range).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // From the beginning, over anything: a search would begin anew at each character. It can be compiled, since it has been.
        let found = try? withCompiled("^.*(\(source))") { expression in
            lines.contains { line in regexec(expression, line.map { CChar(bitPattern: $0) } + [0], 0, nil, 0) == 0 }
        }
        return found ?? false
    }

    private func withCompiled<T>(_ source: String, _ body: (UnsafePointer<regex_t>) -> T) throws(Invalid) -> T {
        var expression = regex_t()
        let status = regcomp(&expression, source, REG_EXTENDED | REG_NOSUB | (ignoresCase ? REG_ICASE : 0))
        guard status == 0 else {
            var message = [CChar](repeating: 0, count: 200)
            regerror(status, &expression, &message, message.count)
            let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw Invalid(problem: "is not a regular expression: \(String(decoding: text, as: UTF8.self))")
        }
        defer { regfree(&expression) }
        return body(&expression)
    }

    private static func hasBackReference(_ source: String) -> Bool {
        var isEscaped = false
        for character in source.unicodeScalars {
            if isEscaped, "123456789".unicodeScalars.contains(character) { return true }
            isEscaped = character == "\\" && !isEscaped
        }
        return false
    }
}
