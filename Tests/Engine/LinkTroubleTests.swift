import Testing

@testable import Engine

@Suite struct LinkTroubleTests {
    /// For each drop, whether it made a problem of them.
    private func note(_ drops: [LinkTrouble.Drop], _ trouble: inout LinkTrouble) -> [Bool] { drops.map { trouble.note($0) } }

    private let poison = LinkTrouble.Drop(reason: "sent a long message", program: 1)

    @Test func theSameTwiceIsAProblem() {
        var trouble = LinkTrouble()
        #expect(!trouble.isOnTrial && trouble.problem == nil)
        #expect(note([poison], &trouble) == [false])
        #expect(trouble.isOnTrial && trouble.problem == nil)
        #expect(note([poison], &trouble) == [true])
        #expect(trouble.problem == "the link to the supervisor breaks repeatedly: sent a long message")
        // It is news once.
        #expect(note([poison, poison], &trouble) == [false, false] && trouble.problem != nil)
        trouble.forget()
        #expect(!trouble.isOnTrial && trouble.problem == nil)
    }

    /// As at a restart of the supervisor, or an upgrade in place, however soon after the last one.
    @Test func anotherProgramOrReasonIsNot() {
        var trouble = LinkTrouble()
        let drops = (1...5 as ClosedRange<Int64>).map { LinkTrouble.Drop(reason: "the supervisor ended it", program: $0) }
        #expect(!note(drops + [.init(reason: "another", program: 5)], &trouble).contains(true))
        #expect(trouble.problem == nil && trouble.delay == 20)
    }

    @Test func theNextOneComesLaterAndLater() {
        var trouble = LinkTrouble()
        var delays: [Int] = []
        for _ in 0..<40 {
            _ = trouble.note(poison)
            delays.append(trouble.delay)
        }
        #expect(delays == delays.sorted() && delays[0] == 20 && delays[39] == 5_000)
        #expect(delays[..<12].reduce(0, +) > 30_000)
    }
}
