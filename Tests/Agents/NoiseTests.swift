import OrchProtocol
import TestSupport
import Testing

@testable import Agents

/// What programs print beside their answer, in each format and at each place: the answer is whole, or the attempt has failed and says why.
@Suite struct NoiseTests {
    struct Format: Sendable, CustomTestStringConvertible {
        var name: String
        var agent: AgentDefinition
        /// What the program prints, in the pieces between which there may be noise. Each but the last ends a line.
        var pieces: [String]
        var answer: String
        var testDescription: String { name }

        func report(_ bytes: [UInt8], exit: Int32? = 0) -> AgentReport {
            let isFile = agent.output.source == .file
            return agent.report(
                on: AgentOutput(stdout: isFile ? [] : bytes, file: isFile ? bytes : [], exit: exit), at: ReportTests.now)
        }
    }

    private static func events(_ combination: OutputExtractor.Combination, source: OutputRules.Source = .stdout)
        -> AgentDefinition
    {
        AgentDefinition(
            name: "e", arguments: [.single("e")],
            output: OutputRules(
                format: .jsonl, source: source, text: [ReportTests.reading("/text", when: ["/type": "msg"], combination)],
                end: ReportTests.reading("", when: ["/type": "done"]).conditions))
    }

    private static let lines = [
        "{\"type\":\"start\"}\n", "{\"type\":\"msg\",\"text\":\"one, \"}\n", "{\"type\":\"msg\",\"text\":\"two \\u00e4\"}\n",
        "{\"type\":\"done\",\"usage\":{\"type\":\"msg\",\"text\":\"no\"}}\n",
    ]

    private static func document(_ source: OutputRules.Source) -> AgentDefinition {
        AgentDefinition(
            name: "d", arguments: [.single("d")],
            output: OutputRules(format: .json, source: source, text: [ReportTests.reading("/text")]))
    }

    private static let laidOut = ["{\n  \"parts\": [\n    {\"text\": \"no\"}\n  ],\n  \"text\": \"one, two ä\"\n}\n"]

    static let structured = [
        Format(
            name: "json", agent: document(.stdout), pieces: ["{\"parts\":[{\"text\":\"no\"}],\"text\":\"one, two ä\"}\n"],
            answer: "one, two ä"),
        Format(name: "json on lines", agent: document(.both), pieces: laidOut, answer: "one, two ä"),
        Format(name: "json in a file", agent: document(.file), pieces: laidOut, answer: "one, two ä"),
        Format(name: "jsonl, joined", agent: events(.join), pieces: lines, answer: "one, two ä"),
        Format(name: "jsonl, the last", agent: events(.last), pieces: lines, answer: "two ä"),
        Format(name: "jsonl in a file", agent: events(.join, source: .file), pieces: lines, answer: "one, two ä"),
    ]

    static let text = Format(
        name: "text", agent: AgentDefinition(name: "t", arguments: [.single("t")]), pieces: ["one, two ä"], answer: "one, two ä"
    )

    /// What a reader of a terminal would not see.
    static let unseen: [String] = [
        "", "\u{1B}[0m", "\u{1B}[?25h", "\u{1B}[38;5;196;1m", "\u{1B}[2K\r", "\u{1B}[1A", "\u{1B}]0;a {title}\u{7}",
        "\u{1B}]8;;http://x/{y}\u{1B}\\", "\u{1B}P1;2|{x\u{1B}\\", "\u{1B}_a\u{1B}\\", "\u{1B}(B", "\u{1B}=", "\u{FEFF}",
        "\u{0}", "\u{0}\u{0}",
        "\u{9B}31m", "\u{9D}0;t\u{9C}", "\u{7}", "\u{8}", "\u{1B}[", "\u{1B}]", "\r",
    ]

    /// What one would, beside an answer that is JSON.
    static let words: [String] = [
        "[2026-01-01 10:00:00] INFO ", "INFO: ", "[1/2] {starting} ", "warn: { ", "{'level': 'info'} ", "{\"unrelated\":1} ",
        "[1] ", "[\"x\"] ",
        "> ", "ünï ", "{} ", "[] ",
    ]

    @Test(arguments: structured) func noiseDoesNotMatter(_ format: Format) {
        for noise in Self.unseen + Self.words {
            for place in 0...format.pieces.count {
                // On the line of a piece, and on a line of its own.
                for feed in ["", "\n"] {
                    // A document that is begun on a line of its own is the beginning of one.
                    if feed == "\n", noise == "warn: { " { continue }
                    var pieces = format.pieces
                    pieces.insert(noise + feed, at: place)
                    let report = format.report(Array(pieces.joined().utf8))
                    #expect(report.failure == nil, "\(noise.debugDescription) at \(place)")
                    #expect(report.text == format.answer, "\(noise.debugDescription) at \(place)")
                }
            }
        }
    }

    /// Programs that were written for another system, another terminal, or a shell: what is theirs is found, and nothing else.
    @Test(arguments: structured + [text]) func theSystemThatAProgramWasWrittenForDoesNotMatter(_ format: Format) {
        let plain = format.pieces.joined()
        let isText = format.agent.output.format == .text
        func utf16(_ text: String, isBig: Bool) -> [UInt8] {
            text.utf16.flatMap { isBig ? [UInt8($0 >> 8), UInt8($0 & 0xFF)] : [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        }
        var printed: [(String, [UInt8])] = [
            ("CR LF", Array(plain.replacing("\n", with: "\r\n").utf8)),
            ("NULs after it", Array(plain.utf8) + [UInt8](repeating: 0, count: 512)),
            ("UTF-16, little end first", utf16("\u{FEFF}" + plain, isBig: false)),
            ("UTF-16, big end first", utf16("\u{FEFF}" + plain, isBig: true)),
            ("UTF-16, little end first, no mark", utf16(plain, isBig: false)),
            ("UTF-16, big end first, no mark", utf16(plain, isBig: true)),
            ("UTF-16, CR LF", utf16("\u{FEFF}" + plain.replacing("\n", with: "\r\n"), isBig: false)),
        ]
        if !isText {
            let bar = (0...10).map {
                "\r[\(String(repeating: "#", count: $0))\(String(repeating: ".", count: 10 - $0))] \($0 * 10) %"
            }
            printed += [
                ("a progress bar", Array((bar.joined() + "\r" + plain).utf8)),
                ("one on a line", Array((bar.joined() + "\n" + plain).utf8)),
                ("a prompt after it", Array((plain + "user@host:~/[src]$ ").utf8)),
                ("another", Array((plain + "\u{1B}]0;user@host: ~\u{7}\u{1B}[01;32m{user}\u{1B}[00m # ").utf8)),
                ("a fence", Array(("```json\n" + plain + "```\n").utf8)),
                ("a header", Array(("Content-Length: \(plain.utf8.count)\r\n\r\n" + plain).utf8)),
                ("a record separator", Array(("\u{1E}" + plain).utf8)),
            ]
        }
        for (name, bytes) in printed {
            let report = format.report(bytes)
            #expect(report.failure == nil, "\(name)")
            #expect((report.text ?? String(decoding: bytes, as: UTF8.self)) == format.answer, "\(name)")
        }
        // What is cut in the middle of a character is not whole, in no encoding.
        let cut = utf16("\u{FEFF}" + plain, isBig: false).dropLast(3)
        if !isText, !plain.hasSuffix("}}\n") { #expect(format.report(Array(cut)).failure != nil) }
    }

    @Test(arguments: structured) func colouredTokensAreRead(_ format: Format) {
        for noise in Self.unseen where noise != "\u{1B}[" && noise != "\u{1B}]" {
            let text = format.pieces.joined()
            for token in ["{", "}", ":", ","] {
                let coloured = text.replacing(token + "\"", with: token + noise + "\"")
                let report = format.report(Array(coloured.utf8))
                #expect(report.failure == nil && report.text == format.answer, "\(noise.debugDescription) after \(token)")
            }
        }
    }

    /// Wherever it is cut, and whatever stands where it is.
    @Test(arguments: structured) func aCutAnswerIsNone(_ format: Format) {
        let bytes = Array(format.pieces.joined().utf8)
        for count in 0..<bytes.count {
            for rest in ["", "\n", "\nINFO: bye\n", "\u{1B}[0m", " Killed\n"] {
                let report = format.report(bytes[..<count] + Array(rest.utf8))
                guard report.failure == nil else {
                    #expect(
                        report.failure?.kind == .empty
                            && report.failure?.message.hasPrefix("exited with status 0, but ") == true)
                    continue
                }
                #expect(report.text == format.answer, "cut at \(count) before \(rest.debugDescription)")
            }
        }
    }

    /// Bytes that are lost, added or changed at any place.
    @Test(arguments: structured) func aDamagedAnswerIsNotTakenForAnother(_ format: Format) {
        let bytes = Array(format.pieces.joined().utf8)
        for index in bytes.indices {
            for damage: [UInt8] in [[], [0], [0x1B], [0x0A], [0xFF], [UInt8(ascii: "\"")], [UInt8(ascii: "}")]] {
                let damaged = bytes[..<index] + damage + bytes[(index + 1)...]
                let report = format.report(Array(damaged))
                if report.failure == nil { #expect(report.text != "no", "\(damage) at \(index)") }
            }
        }
    }

    /// The rows of a report by a user.
    @Test(arguments: [
        ("{A}{B}\n{done}\n", "ab" as String?), ("\u{1B}[?25l{A}\n{B}\n{done}\n", "ab"), ("{A}\n\u{1B}[2K\r{B}\n{done}\n", "ab"),
        ("\u{FEFF}{A}\n{B}\n{done}\n", "ab"), ("[2026-01-01] INFO {A}\n{B}\n{done}\n", "ab"),
        ("{A}\r\n{B}\r\n{done}\r\n", "ab"),
        ("{A}\n{\"type\":\"msg\",\"tex", nil), ("{A}\n{\"type\":\"msg\",\"tex\n{done}\n", nil), ("{A}\n", nil),
        ("{A}\n{B}\n{", nil),
        ("{A}{B}{\"type\":\"msg\",\"text\":\"c\n{done}\n", nil),
    ])
    func linesAreWholeOrTheAttemptHasFailed(_ printed: String, _ answer: String?) {
        let text = printed.replacing("{A}", with: "{\"type\":\"msg\",\"text\":\"a\"}").replacing(
            "{B}", with: "{\"type\":\"msg\",\"text\":\"b\"}"
        )
        .replacing("{done}", with: "{\"type\":\"done\"}")
        let report = Self.events(.join).report(on: AgentOutput(stdout: Array(text.utf8)), at: ReportTests.now)
        #expect((report.failure == nil ? report.text : nil) == answer)
        if answer == nil { #expect(report.failure?.message.contains("its output ") == true) }
    }

    @Test func whatIsLostInTheMiddleIsMissed() {
        func report(_ combination: OutputExtractor.Combination, _ text: String) -> AgentReport {
            Self.events(combination).report(on: AgentOutput(stdout: Array(text.utf8), maximum: 2_000), at: ReportTests.now)
        }
        let message = "{\"type\":\"msg\",\"text\":\"x\"}\n"
        let noise = String(repeating: "{\"type\":\"tool\"}\n", count: 200)
        let end = "{\"type\":\"done\"}\n"
        #expect(report(.join, message + noise + message + end).failure?.message.contains("longer than") == true)
        #expect(report(.last, message + noise + end).failure?.message.contains("longer than") == true)
        #expect(report(.last, message + noise + message + end).text == "x")
        #expect(report(.last, message + noise + message + end).failure == nil)
        // One line, of which no more than its beginning and its end are there.
        let long = "{\"type\":\"msg\",\"text\":\"\(String(repeating: "{\\\"text\\\":1}", count: 400))\"}\n"
        #expect(report(.last, long + end).failure != nil)
        let document = Self.document(.stdout)
        let parts = "{\"text\":\"no\"},".split(separator: " ").joined()
        for text in [
            "[\(String(repeating: parts, count: 300))1]\n",
            "{\"parts\":[\(String(repeating: parts, count: 300))1],\"text\":\"x\"}",
        ] {
            let read = document.report(on: AgentOutput(stdout: Array(text.utf8), maximum: 2_000), at: ReportTests.now)
            #expect(read.failure != nil && read.text == nil)
        }
    }

    // MARK: Text

    @Test(arguments: unseen) func textIsReadWithoutWhatIsNotSeen(_ noise: String) {
        for text in [noise + "one, two ä", "one,\(noise) two ä", "one, two ä" + noise] {
            let report = Self.text.report(Array(text.utf8))
            #expect(report.failure == nil)
            // An introducer before a letter is a whole sequence.
            if let answer = report.text, noise != "\u{1B}[" { #expect(answer.filter { $0 != "\r" } == "one, two ä") }
            #expect(EscapeCodes.are(in: Array(text.utf8)) == (report.text != nil))
        }
    }

    @Test(arguments: unseen) func nothingThatIsSeenIsNoAnswer(_ noise: String) throws {
        for text in [noise, noise + noise, " \n" + noise + "\n", noise + "\u{200B}\u{A0}"] {
            #expect(Self.text.report(Array(text.utf8)).failure?.kind == .empty, "\(text.debugDescription)")
            let quoted = String(decoding: try Wire.line(JSONValue.object(["text": .string(text)])), as: UTF8.self)
            #expect(Self.structured[0].report(Array(quoted.utf8)).failure?.kind == .empty, "\(text.debugDescription)")
        }
    }

    @Test func aTextShowsByALineThatItIsWhole() {
        var agent = Self.text.agent
        agent.output.required = ReportTests.patterns("^Tokens: * sent")
        func report(_ text: String) -> AgentReport {
            agent.report(on: AgentOutput(stdout: Array(text.utf8)), at: ReportTests.now)
        }
        #expect(report("an answer\n\u{1B}[2mTokens: 1.2k sent, 3 received.\u{1B}[0m\n").failure == nil)
        #expect(
            report("an answer\n").failure
                == AgentFailure(
                    .empty, "exited with status 0, but printed no line such as \"^Tokens: * sent\", which a success has"))
    }

    @Test func anErrorInTextIsOne() {
        var agent = Self.text.agent
        agent.output.error = [OutputExtractor(patterns: ReportTests.patterns("^fatal: {value}"))]
        let report = agent.report(
            on: AgentOutput(stdout: Array("half\n\u{1B}[31mfatal: 429 Too Many Requests\u{1B}[0m\n".utf8)), at: ReportTests.now)
        #expect(report.failure == AgentFailure(.rateLimit, "exited with status 0: 429 Too Many Requests"))
    }

    @Test func aLimitInColourTellsItsEnd() throws {
        let text = "You've hit your limit \u{1B}[1mresets \u{1B}[33m1pm\u{1B}[0m\u{1B}[K\n"
        let report = Self.text.report(Array(text.utf8), exit: 1)
        #expect(report.failure?.kind == .usageLimit && report.failure?.until == ReportTests.now.now + 3_600_000)
    }

    @Test func whatAFailedProgramSaidLastIsTold() {
        func words(_ stderr: String, _ stdout: String = "") -> String? {
            Self.structured[0].agent.report(
                on: AgentOutput(stdout: Array(stdout.utf8), stderr: Array(stderr.utf8), exit: 3), at: ReportTests.now
            ).stderrTail
        }
        #expect(words("a\n\u{1B}[31mb\u{1B}[0m\n\nc \t d.\ne\n") == "b / c d / e")
        #expect(words("", "only here\n") == "only here")
        #expect(words("", "{\"text\":\"partial\"}") == nil)
        #expect(words("\u{202E}\u{7}x\n")?.hasSuffix("x") == true)
        #expect((words(String(repeating: "y ", count: 9_000)) ?? "").count <= 301)
        // Where not all has room it is the end that stays.
        #expect(words("a\n\(String(repeating: "y", count: 298))\nValueError: z\n") == "ValueError: z")
    }

    // MARK: Escape codes

    @Test func whatIsRemovedIsNoise() {
        var random = SeededGenerator(16)
        let alphabet = Array("\u{1B}[]P0;mA{}\"\\ \n".utf8) + [0x07, 0xC2, 0x9B, 0x9C, 0x9D, 0xEF, 0xBB, 0xBF, 0x00]
        for _ in 0..<4_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            let clean = EscapeCodes.removed(from: bytes)
            #expect(!clean.contains { $0 < 0x20 && ![0x09, 0x0A, 0x0D].contains($0) })
            #expect(EscapeCodes.are(in: bytes) == (clean != bytes))
            // No line is lost with a sequence that has no end.
            #expect(clean.count { $0 == 0x0A } == bytes.count { $0 == 0x0A })
        }
    }

    /// Sequences that never end cost no more than others.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "\u{1B}]", "\u{1B}[1", "\u{1B}", "\u{1B}P\u{9D}", "\u{9B}", "\u{1B}( ", "\u{9D}", "\u{90}a", "\u{98}\u{9E}",
            "\u{1B}]\u{9F}",
        ])
    func hostileSequencesTakeNoTime(_ piece: String) {
        let bytes = Array(String(repeating: piece, count: (1 << 18) / piece.utf8.count).utf8)
        #expect(EscapeCodes.removed(from: bytes).count < bytes.count)
    }
}
