import Testing

@testable import Text

struct NamePatternTests {
    @Test func aPatternIsANameOrABeginning() throws {
        for text in ["", "*", "A*B", "**", "A=", "A B", "\u{E4}", "A\n"] { #expect(NamePattern(text) == nil, "\(text)") }
        let name = try #require(NamePattern("LANG"))
        let names = try #require(NamePattern("LC_*"))
        for (variable, isName, isOne) in [
            ("LANG", true, false), ("LANG=x", true, false), ("LANGUAGE=x", false, false), ("LAN=G", false, false),
            ("LC_ALL=x", false, true), ("LC_", false, true), ("LC", false, false), ("xLC_A", false, false), ("", false, false),
        ] as [(String, Bool, Bool)] {
            #expect(name.has(ByteString(variable)) == isName && names.has(ByteString(variable)) == isOne, "\(variable)")
        }
    }

    @Test func twoOverlapWhereANameIsBoth() throws {
        for (one, other, both) in [
            ("A", "A", true), ("A", "B", false), ("A*", "AB", true), ("AB*", "A", false), ("A*", "AB*", true),
            ("AB*", "A*", true),
            ("A*", "B*", false), ("L*", "LD_*", true), ("LANG", "LD_*", false), ("LD_PRELOAD", "LD_*", true),
        ] {
            let (a, b) = (try #require(NamePattern(one)), try #require(NamePattern(other)))
            #expect(a.overlaps(b) == both && b.overlaps(a) == both, "\(one) \(other)")
        }
    }
}
