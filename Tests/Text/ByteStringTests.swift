import TestSupport
import Testing

@testable import Text

/// Bytes of every kind that is no UTF-8, and text that looks like something else.
enum ByteKinds {
    static let all: [(name: String, bytes: [UInt8])] = [
        ("latin1", [0x63, 0x61, 0x66, 0xE9]), ("lone continuation", [0x61, 0x80, 0x62]), ("overlong", [0xC0, 0xAF, 0x61]),
        ("overlong of three", [0xE0, 0x80, 0xAF]), ("surrogate", [0xED, 0xA0, 0x80]),
        ("beyond Unicode", [0xF4, 0x90, 0x80, 0x80]),
        ("cut", [0x61, 0xE2, 0x82]), ("C1", [0x80, 0x9F]), ("C1 in UTF-8", [0xC2, 0x9B]), ("newline", [0x61, 0x0A, 0x62]),
        ("control", [0x01, 0x7F]), ("combining mark", Array("=\u{301}'\u{301}".utf8)), ("composed", Array("\u{E9}".utf8)),
        ("decomposed", Array("e\u{301}".utf8)), ("private", Array("\u{10F7E9}\u{10FFFF}".utf8)),
        ("all", Array(1...255)), ("empty", []),
    ]
}

struct ByteStringTests {
    @Test(arguments: ByteKinds.all.map(\.bytes)) func everyKindComesBack(_ bytes: [UInt8]) {
        #expect(ByteString(escaped: ByteString(bytes).escaped).bytes == bytes)
        #expect(bytes.contains(0) || ByteString(bytes).withCString { ByteString(cString: $0) }.bytes == bytes)
    }

    @Test func anyBytesComeBack() {
        var random = SeededGenerator(15)
        for _ in 0..<20_000 {
            // Of the bytes that begin, continue and break characters, and of the private ones, there are many.
            let some: [UInt8] = [0x00, 0x41, 0x80, 0xBF, 0xC2, 0xE2, 0xED, 0xF0, 0xF4, 0x8F, 0x9E, 0x9F, 0xA9, 0xFF]
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? some.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
            }
            let disguise = ByteString(bytes).escaped
            #expect(ByteString(escaped: disguise).bytes == bytes)
            #expect(ByteString(bytes).text == nil || ByteString.isEscaped(disguise) || disguise.utf8.elementsEqual(bytes))
            // The same reading as that of the standard library.
            let isText = String(validating: bytes, as: UTF8.self) != nil
            let pieces = UTF8Text.pieces(bytes[...], shortest: 1)
            #expect(Array(pieces.map(\.bytes).joined()) == bytes)
            #expect(pieces.allSatisfy(\.isText) == isText)
            #expect(pieces.allSatisfy { !$0.isText || String(validating: $0.bytes, as: UTF8.self) != nil })
        }
    }

    @Test func textIsItsOwnDisguise() {
        var random = SeededGenerator(4)
        for _ in 0..<5_000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                if let scalar = Unicode.Scalar(UInt32.random(in: 1..<0x3000, using: &random)) { scalars.append(scalar) }
            }
            let text = String(scalars)
            #expect(ByteString(text).escaped.isSame(as: text) && ByteString(text).text?.isSame(as: text) ?? false)
        }
    }

    @Test func twoSpellingsAreTwoStrings() {
        #expect(ByteString("\u{E9}") != ByteString("e\u{301}") && "\u{E9}" == "e\u{301}")
        #expect(Set<ByteString>(["\u{E9}", "e\u{301}", "\u{E9}"]).count == 2)
        #expect(!"\u{E9}".isSame(as: "e\u{301}"))
    }

    @Test(arguments: ["\u{301}", "\u{FE0F}", "\u{200D}", "\u{20DD}", "\u{1F3FB}", "\n", ""])
    func aMarkBehindASeparatorHidesNone(_ mark: String) throws {
        let cut = try #require("A=\(mark)x".cut(at: "="))
        #expect(cut.before.isSame(as: "A") && cut.after.isSame(as: "\(mark)x"))
        let bytes = try #require(ByteString("A=\(mark)x").cut(at: "="))
        #expect(bytes.before == "A" && bytes.after == ByteString("\(mark)x"))
        let parts = "a,\(mark)b,,c".parts(at: ",")
        #expect(parts.map { ByteString($0) } == [ByteString("a"), ByteString("\(mark)b"), "", "c"])
        #expect("-\(mark)".has(prefix: "-") && "\(mark)x.toml".has(suffix: ".toml") && "a/\(mark)".has("/"))
    }

    @Test func onlyACutCharacterIsHeldBack() {
        for text in ["é", "€", "🙂"] {
            let bytes = Array(text.utf8)
            for end in 0...bytes.count {
                let held = UTF8Text.cutAtEnd(([0x61] + bytes[..<end])[...])
                #expect(held == (end == bytes.count ? 0 : end), "\(end) bytes of \(text)")
            }
        }
        for bytes: [UInt8] in [[], [0x80], [0xE9, 0x61], [0xC0], [0xFF], [0x80, 0x80, 0x80], [0xED, 0xA0], [0xF5]] {
            #expect(UTF8Text.cutAtEnd(bytes[...]) == 0, "\(bytes)")
        }
    }

    @Test func aBadByteDoesNotTakeTheTextWithIt() {
        let text = Array(String(repeating: "é", count: 1_000).utf8)
        let pieces = UTF8Text.pieces((text + [0xFF] + text)[...])
        #expect(pieces.map(\.isText) == [true, false, true] && pieces.map(\.bytes.count) == [2_000, 1, 2_000])
        let binary = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ ($0 >> 3)) }
        #expect(UTF8Text.pieces(binary[...]).count <= 2 + binary.count / 64)
    }

    @Test func controlsAreThoseThatSteer() {
        for value: UInt32 in [
            0x00, 0x0A, 0x1B, 0x1F, 0x7F, 0x80, 0x9B, 0x9F, 0x061C, 0x200E, 0x2028, 0x2029, 0x202E, 0x2066, 0x2069,
        ] {
            #expect(Unicode.Scalar(value)?.isControl == true, "\(value)")
        }
        for scalar: Unicode.Scalar in [" ", "~", "\u{A0}", "é", "\u{301}", "\u{200D}", "\u{FE0F}", "\u{FEFF}", "🙂"] {
            #expect(!scalar.isControl, "\(scalar.value)")
        }
    }

    @Test func onlyTheFirstMarkIsDropped() {
        #expect(ByteOrderMark.dropped(from: [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF, 0x41]) == [0xEF, 0xBB, 0xBF, 0x41])
        #expect(ByteOrderMark.dropped(from: [0xEF, 0xBB]) == [0xEF, 0xBB] && ByteOrderMark.dropped(from: []).isEmpty)
    }
}
