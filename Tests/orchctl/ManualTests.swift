import ArgumentParser
import Foundation
import Testing

@testable import orchctl

/// The manual and the help are of one program.
@Suite struct ManualTests {
    private static let manual: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return (try? String(contentsOf: root.appending(path: "docs/man/orchctl.1"), encoding: .utf8)) ?? ""
    }()

    /// The options that the manual names: `Fl -cwd` and `Fl p , -pool` are `--cwd`, `-p` and `--pool`.
    private static func options(in text: some StringProtocol) -> Set<String> {
        var options: Set<String> = []
        for line in text.split(separator: "\n") where line.hasPrefix(".") {
            let words = line.split(separator: " ")
            for (index, word) in words.enumerated() where word == "Fl" || word == ".Fl" {
                var rest = words[(index + 1)...]
                while let name = rest.popFirst() {
                    let name = String(name).filter { $0 != "," }
                    if name.hasPrefix("-") || name.count == 1 { options.insert("-" + name) }
                    guard rest.first == "," else { break }
                    rest = rest.dropFirst()
                    if rest.first == "Fl" { break }
                }
            }
        }
        return options
    }

    @Test func everyOptionIsInTheManualAndEveryOneThereIsAnOption() {
        let named = Self.options(in: Self.manual)
        var known: Set<String> = ["--help", "-h", "--version", "--"]
        for verb in CommandLineTests.verbs {
            let table = OptionTable(verb)
            for name in table.longNames where name.hasPrefix("--") {
                #expect(named.contains(name), "\(verb) has \(name), which the manual does not name")
                known.insert(name)
            }
            for letter in "abcdefghijklmnopqrstuvwxyz" where table["-\(letter)"] != nil { known.insert("-\(letter)") }
        }
        #expect(
            named.subtracting(known).isEmpty,
            "the manual names options that there are not: \(named.subtracting(known).sorted())")
    }

    /// A verb's own line in the manual names what it takes.
    @Test func everyVerbIsInTheManual() {
        let verbs = Self.manual.split(separator: "\n").filter { $0.hasPrefix(".It Cm ") }.map { $0.dropFirst(7) }
        for verb in CommandLineTests.verbs {
            let name = CommandLineTests.path(of: verb).joined(separator: " ")
            #expect(verbs.contains { $0 == name || $0.hasPrefix(name + " ") }, "the manual has no \(name)")
        }
    }

    /// What help and manual show as examples can be read.
    @Test func everyExampleIsACommandLine() throws {
        for verb in CommandLineTests.verbs {
            let examples = verb.configuration.discussion.components(separatedBy: "Examples:").last ?? ""
            for line in examples.split(separator: "\n") {
                for command in Self.commands(in: String(line)) {
                    let reader = try CommandLineReader(command)
                    let parsed = try Orchctl.parseAsRoot(reader.forParser)
                    if var taker = parsed as? any TakesRest { try taker.take(reader.rest) }
                    #expect(reader.unknownOption == nil, "\(line)")
                }
            }
        }
    }

    /// The orchctl commands of a line of shell, with their words. Substitutions stand for an id, and what a pipe ends in is given one.
    private static func commands(in line: String) -> [[String]] {
        var line = line.replacingOccurrences(of: "$(orchctl submit --wait \"Write a haiku\")", with: "42")
        line = line.replacingOccurrences(of: "$(date +%F)", with: "2026-11-22").replacingOccurrences(
            of: "xargs orchctl", with: "orchctl +")
        // A remark after two blanks and more.
        line = line.trimmingCharacters(in: .whitespaces)
        if let remark = line.range(of: "   ") { line = String(line[..<remark.lowerBound]) }
        return line.replacingOccurrences(of: "&&", with: "|").components(separatedBy: "|").compactMap { part in
            var words: [String] = []
            var quote: Character?
            var word: String?
            for character in part {
                if character == quote {
                    quote = nil
                } else if quote == nil, character == "\"" || character == "'" {
                    (quote, word) = (character, word ?? "")
                } else if quote == nil, character == " " {
                    if let done = word { words.append(done) }
                    word = nil
                } else {
                    word = (word ?? "") + String(character)
                }
            }
            if let word { words.append(word) }
            if words.first == "sudo" { words.removeFirst() }
            guard words.first == "orchctl" else { return nil }
            words.removeFirst()
            if words.first == "+" { words = Array(words.dropFirst()) + ["42"] }
            return Array(words.prefix { $0 != "<" && $0 != ">" })
        }
    }
}
