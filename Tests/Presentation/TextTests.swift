import OrchProtocol
import Testing

@testable import Presentation

@Suite struct StyleTests {
    @Test(
        arguments: [
            (true, nil, "xterm", true), (true, "", "xterm", true), (true, "1", "xterm", false), (true, nil, "dumb", false),
            (true, nil, nil, false), (false, nil, "xterm", false),
        ] as [(Bool, String?, String?, Bool)])
    func policy(_ isTerminal: Bool, _ noColor: String?, _ term: String?, _ expected: Bool) {
        #expect(Style(isTerminal: isTerminal, noColor: noColor, term: term).isColoured == expected)
    }

    @Test func colours() {
        #expect(Style.coloured(.bad, "x") == "\u{1B}[31mx\u{1B}[0m")
        #expect(Style.coloured(.plain, "x") == "x")
        #expect(Style.coloured(.bad, "") == "")
        #expect(Style.plain(.bad, "x") == "x")
    }
}

@Suite struct SafeTextTests {
    @Test(arguments: [
        ("a  b\n\tc ", "a b c"), ("\u{1B}[31mred\u{7}", "·[31mred·"), ("\u{202E}evil", "·evil"), ("\u{9B}2J", "·2J"), ("", ""),
        ("日本", "日本"),
    ])
    func oneLine(_ text: String, _ expected: String) {
        #expect(SafeText.line(text) == expected)
    }

    @Test func aBlockKeepsItsLines() {
        #expect(SafeText.block("a\n\tb\r\u{1B}c") == "a\n\tb··c")
    }

    @Test(arguments: [
        (["make", "-j2"], "make -j2"), (["sh", "-c", "echo it's"], #"sh -c 'echo it'\''s'"#), (["a", ""], "a ''"),
        (["$HOME", "a;b"], "'$HOME' 'a;b'"), (["ü"], "ü"),
    ])
    func commands(_ arguments: [ByteString], _ expected: String) {
        #expect(SafeText.command(arguments) == expected)
    }
}

@Suite struct TableTests {
    private func table(_ rows: [[Table.Cell]]) -> Table {
        var table = Table([.init("ID", alignsRight: true), .init("NAME", shrinks: true), .init("STATE")])
        for row in rows { table.add(row) }
        return table
    }

    @Test func columnsAreAsWideAsNeeded() {
        let text = table([["1", "a", "running"], ["100", "日本", ""], ["2", "", "x"]]).text(style: .plain)
        #expect(text == " ID  NAME  STATE\n  1  a     running\n100  日本\n  2        x\n")
    }

    @Test func aTerminalsWidthIsKept() {
        let long = Table.Cell(String(repeating: "n", count: 50))
        let text = table([["1", long, "running"]]).text(style: .plain, width: 30)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 30 })
        #expect(text.contains("…  running"))
        #expect(table([["1", long, "running"]]).text(style: .plain).contains(long.text))
        // Narrower than can be: the columns keep their least, and the terminal wraps.
        #expect(table([["1", long, "running"]]).text(style: .plain, width: 3).contains("nnnnnnn…"))
    }

    @Test func coloursDoNotCount() {
        let plain = table([["1", .init("a", .bad), "x"]])
        let coloured = plain.text(style: .coloured).replacing(/\u{1B}\[[0-9]*m/, with: "")
        #expect(coloured == plain.text(style: .plain))
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 5, "日本…"), ("abc", 1, "…"), ("abc", 0, ""),
        ("e\u{301}x", 2, "e\u{301}x"),
    ])
    func fits(_ text: String, _ width: Int, _ expected: String) {
        #expect(TextWidth.fit(text, to: width) == expected)
    }
}
