import OrchProtocol
import Testing

@testable import DiscordAPI
@testable import DiscordBridge

/// What is sent, when, and what follows when it fails: in order in each place, and neither lost nor twice.
@Suite struct SendQueueTests {
    /// Three messages for each of two places, in the store of a stage.
    private static func stage() throws -> Stage {
        let stage = try Stage()
        try stage.store.transaction { store in
            for number in 1...3 as ClosedRange<Int64> {
                for place in [20, 30] as [Int64] {
                    try store.want(
                        .refusal, place + number, in: Snowflake(UInt64(place)),
                        content: Bridge.text(Content(text: "\(place) \(number)")))
                }
            }
        }
        return stage
    }

    private static func texts(_ effects: [Effect]) -> [String] { effects.created.map(\.content.text) }

    private static func post(_ effects: [Effect], _ text: String) throws -> Int64 {
        try #require(effects.created.first { $0.content.text == text }?.post)
    }

    @Test func eachPlaceGetsOneAfterTheOther() throws {
        var stage = try Self.stage()
        let first = try stage.turn(.tick)
        #expect(Self.texts(first) == ["20 1", "30 1"])
        #expect(try Self.texts(stage.turn(.tick)).isEmpty)
        // The answer for one place lets the next go there, and nowhere else.
        let second = try stage.turn(.answered(.post(Self.post(first, "30 1")), .made(Snowflake(1))))
        #expect(Self.texts(second) == ["30 2"])
        let third = try stage.turn(.answered(.post(Self.post(second, "30 2")), .made(Snowflake(2))))
        #expect(Self.texts(third) == ["30 3"])
        #expect(try Self.texts(stage.turn(.answered(.post(Self.post(first, "20 1")), .made(Snowflake(3))))) == ["20 2"])
    }

    @Test func aLimitHoldsUpItsPlaceForAsLongAsDiscordSays() throws {
        var stage = try Self.stage()
        let first = try stage.turn(.tick)
        let limited = try Self.post(first, "20 1")
        #expect(try Self.texts(stage.turn(.answered(.post(limited), .later(60_000)))).isEmpty)
        #expect(stage.bridge.wakeUp == stage.now + 60_000)
        #expect(try Self.texts(stage.turn(.answered(.post(Self.post(first, "30 1")), .made(Snowflake(1))))) == ["30 2"])
        stage.now += 59_999
        #expect(try Self.texts(stage.turn(.tick)).isEmpty)
        stage.now += 1
        // The same message, with the same nonce: it was not sent, and needs no search.
        let again = try stage.turn(.tick)
        #expect(Self.texts(again) == ["20 1"] && again.looked.isEmpty)
        #expect(Self.nonces(again) == Array(Self.nonces(first).prefix(1)))
    }

    private static func nonces(_ effects: [Effect]) -> [String] {
        effects.compactMap { if case .create(_, _, _, _, let nonce) = $0 { nonce } else { nil } }
    }

    @Test func eachFailureWaitsLonger() throws {
        var stage = try Self.stage()
        let id = try Self.post(try stage.turn(.tick), "20 1")
        var waits: [Int64] = []
        for _ in 0..<10 {
            _ = try stage.turn(.answered(.post(id), .later(0)))
            let begun = stage.now
            while try !stage.turn(.tick).created.contains(where: { $0.post == id }) { stage.now += 1000 }
            waits.append((stage.now - begun) / 1000)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300])
    }

    @Test func whatCannotBeSentIsGivenUpAndTheNextGoes() throws {
        var stage = try Self.stage()
        let id = try Self.post(try stage.turn(.tick), "20 1")
        #expect(try Self.texts(stage.turn(.answered(.post(id), .impossible("forbidden")))) == ["20 2"])
        stage.now += 86_400_000
        #expect(try stage.turn(.tick).created.allSatisfy { $0.post != id })
        #expect(try stage.store.transaction { try $0.post(id)?.state } == .gone)
    }

    /// It may have arrived, or not: it is looked for, and everything after it waits.
    @Test(arguments: [true, false], [true, false]) func whatMayHaveArrivedIsLookedFor(_ isThere: Bool, _ isRestart: Bool) throws
    {
        var stage = try Self.stage()
        let id = try Self.post(try stage.turn(.tick), "20 1")
        let after: [Effect]
        if isRestart {
            after = try stage.restart()
        } else {
            _ = try stage.turn(.answered(.post(id), .unclear))
            stage.now += 1000
            after = try stage.turn(.tick)
        }
        #expect(after.looked.contains(id) && !Self.texts(after).contains { $0.hasPrefix("20") })
        let seen = isThere ? [Seen(id: Snowflake(77), mark: Content(text: "20 1").mark)] : []
        let next = try stage.turn(.answered(.post(id), .seen(seen)))
        #expect(Self.texts(next).filter { $0.hasPrefix("20") } == [isThere ? "20 2" : "20 1"])
        if isThere { #expect(try stage.store.transaction { try $0.post(id)?.message } == Snowflake(77)) }
    }

    /// A search that fails has found out nothing, however it fails.
    @Test func aSearchThatFailsIsMadeAgain() throws {
        var stage = try Self.stage()
        let id = try Self.post(try stage.turn(.tick), "20 1")
        _ = try stage.restart()
        for wait in [1000, 2000] as [Int64] {
            _ = try stage.turn(.answered(.post(id), .later(0)))
            stage.now += wait
            let again = try stage.turn(.tick)
            #expect(again.looked == [id] && again.created.allSatisfy { $0.post != id })
        }
    }

    @Test func anEditSaysTheLastAndOnlyThat() throws {
        var stage = try Self.stage()
        let id = try Self.post(try stage.turn(.tick), "20 1")
        _ = try stage.turn(.answered(.post(id), .made(Snowflake(5))))
        func say(_ text: String) throws {
            try stage.store.transaction { try $0.set(content: Bridge.text(Content(text: text)), ofPost: id) }
        }
        for text in ["a", "b", "c"] {
            try say(text)
            #expect(try stage.turn(.tick).edited.isEmpty)
        }
        stage.now += Bridge.editPause
        #expect(try stage.turn(.tick).edited.map(\.content.text) == ["c"])
        // While that is on its way it changes once more.
        try say("d")
        #expect(try stage.turn(.tick).edited.isEmpty)
        _ = try stage.turn(.answered(.post(id), .done))
        stage.now += Bridge.editPause
        #expect(try stage.turn(.tick).edited.map(\.content.text) == ["d"])
        _ = try stage.turn(.answered(.post(id), .done))
        stage.now += 86_400_000
        #expect(try stage.turn(.tick).edited.isEmpty)
    }
}
