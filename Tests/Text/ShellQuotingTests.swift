import Foundation
import TestSupport
import Testing

@testable import Text

/// The only judge of quotes is a shell.
struct ShellQuotingTests {
    /// What a shell makes of a list of words.
    private func read(_ words: [String], by shell: String) throws -> [[UInt8]] {
        let directory = try ScratchDirectory()
        let script = "printf '%s\\0' " + words.joined(separator: " ")
        try Data(script.utf8).write(to: URL(filePath: directory.path("script")))
        #expect(system("LC_ALL=C.UTF-8 \(shell) '\(directory.path("script"))' > '\(directory.path("out"))'") == 0)
        let output = [UInt8](try Data(contentsOf: URL(filePath: directory.path("out"))))
        return output.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
    }

    private static let nasty: [Unicode.Scalar] = [
        "'", "\"", "\\", "$", "`", "!", ";", "&", "|", "#", "~", "*", "?", " ", "=", "-", "{", "\u{301}", "\u{200D}",
        "\u{FE0F}",
        "\u{A0}", "\u{3000}", "\u{2028}", "\u{202E}", "\u{85}", "\n", "\t", "\r", "\u{1}", "\u{7F}", "é", "e", "🙂",
        "\u{10F7E9}",
    ]

    @Test func aShellReadsTheSameText() throws {
        var random = SeededGenerator(6)
        let words = (0..<3_000).map { _ in
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                scalars.append(Self.nasty.randomElement(using: &random) ?? "x")
            }
            return ByteString(String(scalars))
        }
        #expect(try read(words.map { $0.shellQuoted() }, by: "bash") == words.map(\.bytes))
        // Where everything can be shown, the quotes are those of every shell.
        let plain = words.filter { !$0.lossy.hasControls }
        #expect(plain.count > 500)
        #expect(try read(plain.map { $0.shellQuoted() }, by: "sh") == plain.map(\.bytes))
    }

    @Test func aShellReadsTheSameBytes() throws {
        var random = SeededGenerator(7)
        let words =
            ByteKinds.all.map { ByteString($0.bytes) }
            + (0..<1_000).map { _ in
                ByteString((0..<Int.random(in: 0...9, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) })
            }
        let quoted = words.map { $0.shellQuoted() }
        #expect(try read(quoted, by: "bash") == words.map(\.bytes))
        #expect(quoted.allSatisfy { !$0.hasControls })
    }

    @Test func theFirstWordIsNoAssignment() {
        #expect(ByteString("A=b").shellQuoted(asProgram: true) == "'A=b'" && ByteString("A=b").shellQuoted() == "A=b")
    }
}
