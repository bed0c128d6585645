import TestSupport
import Testing

@testable import Text

/// What a terminal gets of what a task has written.
struct TerminalFilterTests {
    /// In any pieces it is the same.
    private func passed(_ bytes: [UInt8], piece: Int) -> [UInt8] {
        var filter = TerminalFilter()
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            result += filter.pass(bytes[start..<min(bytes.count, start + piece)])
        }
        return result + filter.finish()
    }

    @Test(arguments: [
        // Text and colours stay.
        ("plain\ttext\r\n", "plain\ttext\r\n"),
        ("Grüße, 世界 🙂 \u{A0}", "Grüße, 世界 🙂 \u{A0}"),
        ("\u{1B}[1;31mred\u{1B}[0m", "\u{1B}[1;31mred\u{1B}[0m"),
        ("\u{1B}[38:2::255:0:0mred\u{1B}[m.", "\u{1B}[38:2::255:0:0mred\u{1B}[m."),
        // A colour that is left on ends.
        ("\u{1B}[32mgreen", "\u{1B}[32mgreen\u{1B}[0m"),
        ("\u{9B}32mgreen", "\u{1B}[32mgreen\u{1B}[0m"),
        // What moves the cursor, clears, scrolls, or switches something on.
        ("a\u{1B}[2Jb\u{1B}[1Ac\u{1B}[?1049hd\u{1B}[6ne\u{1B}[5;5Hf", "abcdef"),
        ("a\u{9B}2Jb\u{1B}cc\u{1B}7d\u{1B}(0e\u{1B}#8f", "abcdef"),
        // Not a colour, whatever it ends with: of a keyboard, of a private kind, with intermediate bytes, too long.
        ("a\u{1B}[>4;2mb\u{1B}[?4mc\u{1B}[1 md", "abcd"),
        ("a\u{1B}[\(String(repeating: "1;", count: 1000))mb", "ab"),
        // Strings: a title, the clipboard, a link, a query of the terminal, a message.
        ("a\u{1B}]0;title\u{7}b\u{1B}]52;c;ZXZpbA==\u{1B}\\c\u{9D}8;;http://x\u{9C}d", "abcd"),
        ("a\u{1B}P$qm\u{1B}\\b\u{1B}_x\u{1B}\\c\u{1B}^y\u{1B}\\d\u{1B}Xz\u{1B}\\e", "abcde"),
        // One without an end takes its line, and no more.
        ("a\u{1B}]0;title\nnext", "a\nnext"),
        // Another sequence ends it.
        ("a\u{1B}]0;title\u{1B}[31mb", "a\u{1B}[31mb\u{1B}[0m"),
        // Single controls.
        ("a\u{8}\u{7}\u{0}\u{E}\u{7F}\u{85}\u{90}", "a"),
        ("a\u{1B}", "a"), ("a\u{1B}[", "a"), ("a\u{1B}[3", "a"), ("a\u{1B}]0;t", "a"),
        // A sequence that text cuts off takes none of it.
        ("a\u{1B}[3é\u{1B}\nb", "aé\nb"),
        ("\u{1B}\u{1B}[2Jx", "x"),
    ]) func whatPasses(_ written: String, _ shown: String) {
        for piece in [1, 2, 3, 1000] {
            #expect(String(decoding: passed(Array(written.utf8), piece: piece), as: UTF8.self) == shown, "pieces of \(piece)")
        }
    }

    @Test func bytesThatAreNoTextBeginNothing() {
        // 0x9B is CSI to a terminal that does not expect UTF-8, and part of a character in it.
        #expect(passed([0x61, 0x9B, 0x32, 0x4A], piece: 1) == [0x61, 0xEF, 0xBF, 0xBD, 0x32, 0x4A])
        #expect(passed(Array("雛".utf8), piece: 1) == Array("雛".utf8))
        // Latin-1 stays as it is.
        #expect(passed([0xE9, 0x20, 0xFF], piece: 1) == [0xE9, 0x20, 0xFF])
        #expect(passed([0x61, 0xC2], piece: 1) == [0x61, 0xC2] && passed([0xC2, 0x41], piece: 1) == [0xC2, 0x41])
    }

    /// Whatever is written, an ESC that is left begins a colour, and no control is left.
    @Test func nothingElseEverPasses() {
        var random = SeededGenerator(16)
        let pieces: [[UInt8]] = [
            [0x1B], [0x5B], [0x5D], [0x50], [0x6D], [0x3B], [0x31], [0x3F], [0x3E], [0x20], [0x07], [0x5C], [0x0A], [0xC2],
            [0x9B], [0x9C], [0x9D], [0xC2, 0x9B], [0xC2, 0x9C], [0xE4, 0xB8], [0x96], [0x41], [0x80], [0xFF], [0x7F], [0x00],
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).flatMap { _ in
                pieces.randomElement(using: &random) ?? []
            }
            let result = passed(bytes, piece: Int.random(in: 1...5, using: &random))
            var index = 0
            var lacking = 0
            while index < result.count {
                let byte = result[index]
                if byte == 0x1B {
                    let rest = result[(index + 1)...]
                    let end = rest.firstIndex { !(0x30...0x3B).contains($0) && $0 != 0x5B }
                    #expect(rest.first == 0x5B && end.map { result[$0] } == 0x6D, "\(bytes) -> \(result)")
                }
                #expect(byte >= 0x20 && byte != 0x7F || [0x09, 0x0A, 0x0D, 0x1B].contains(byte), "\(bytes) -> \(result)")
                if (0x80..<0xA0).contains(byte) {
                    #expect(lacking > 0 && !(result[index - 1] == 0xC2), "\(bytes) -> \(result)")
                }
                lacking =
                    (0x80..<0xC0).contains(byte)
                    ? max(0, lacking - 1) : byte >= 0xF0 && byte < 0xF8 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC3 ? 1 : 0
                if byte >= 0xF8 { lacking = 0 }
                index += 1
            }
        }
    }
}
