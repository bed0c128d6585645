import OrchProtocol
import Testing

@Suite struct NearestTests {
    private let words = ["timeout", "retries", "retry_on", "name", "env", "cwd"]

    @Test(arguments: [
        ("timout", "timeout"), ("timeuot", "timeout"), ("retires", "retries"), ("retry-on", "retry_on"), ("nme", "name"),
        ("name", "name"), ("evn", "env"),
    ])
    func suggests(_ word: String, _ expected: String) {
        #expect(nearest(word, in: words) == expected)
    }

    @Test(arguments: ["", "x", "priority", "zzzzzz", String(repeating: "timeout", count: 100)])
    func isSilentWhereNothingIsNear(_ word: String) {
        #expect(nearest(word, in: words) == nil)
    }

    @Test func shorteningKeepsWhatFits() {
        #expect("abc".shortened(to: 3) == "abc")
        #expect("abcd".shortened(to: 3) == "abc…")
        #expect("äöü".shortened(to: 3) == "äöü")
    }

    @Test func oneCharacterMayBeTooLong() {
        let text = "a" + String(repeating: "\u{301}", count: 1000)
        #expect(text.count == 1 && text.shortened(to: 10).unicodeScalars.count == 11)
    }
}

@Suite struct OutcomeTests {
    @Test(
        arguments: [
            (Outcome(.exited, code: 0), 0, nil), (Outcome(.exited, code: 3), 3, .exit),
            (Outcome(.signalled, code: 9), 137, .signal),
            (Outcome(.runTimeout), 124, .timeout), (Outcome(.idleTimeout), 124, .timeout), (Outcome(.cancelled), 130, nil),
            (Outcome(.outOfMemory), 137, .signal), (Outcome(.spawnFailed), 127, .spawn), (Outcome(.lost), 1, .lost),
            (Outcome(.outputLimit), 1, .output), (Outcome(.noResult), 1, .exit),
        ] as [(Outcome, Int32, RetryCause?)])
    func statusAndCause(_ outcome: Outcome, _ status: Int32, _ cause: RetryCause?) {
        #expect(outcome.exitStatus == status)
        #expect(outcome.retryCause == cause)
        #expect(outcome.isSuccess == (status == 0))
    }

    @Test(arguments: [Int.min, .max, 1 << 32]) func aCodeThatNoProcessHasIsNoCrash(_ code: Int) {
        #expect(Outcome(.exited, code: code).exitStatus != 0)
        #expect((128...255).contains(Outcome(.signalled, code: code).exitStatus))
    }
}
