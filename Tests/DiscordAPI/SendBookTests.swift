import TestSupport
import Testing

@testable import DiscordAPI

@Suite struct SendBookTests {
    private let target = SendBook.Target(message: Snowflake(1), channel: Snowflake(2), part: .text)

    private func moment(_ milliseconds: Int64) -> Moment { Moment(milliseconds: milliseconds) }

    private func edit(_ text: String) -> SendBook.Work { .edit(MessageDraft(content: text)) }

    /// Random states of many messages, requests that take a while and fail now and then. Each message ends as the last state, or the final one; in
    /// between it is edited no more often than every two seconds, by one request at a time.
    @Test(arguments: 1...20) func `each message ends as what was wanted last`(seed: UInt64) {
        var random = SeededGenerator(seed)
        var book = SendBook()
        var now: Int64 = 0
        var last: [SendBook.Target: SendBook.Work] = [:]
        var final: Set<SendBook.Target> = []
        var shown: [SendBook.Target: SendBook.Work] = [:]
        var started: [SendBook.Target: Int64] = [:]
        var flying: [(at: Int64, SendBook.Order)] = []
        var edits = 0
        for number in 0..<3000 {
            let wanted = number < 2000
            if wanted, random.chance(60) {
                let part: SendBook.Target.Part = random.chance(50) ? .text : .reaction
                let target = SendBook.Target(
                    message: Snowflake(UInt64.random(in: 1...8, using: &random)), channel: Snowflake(1), part: part)
                let isFinal = part == .text && random.chance(2)
                let work: SendBook.Work = part == .text ? edit("\(number)") : .react("\(number % 5)", insteadOf: [])
                let taken = book.want(work, of: target, priority: .card, isFinal: isFinal, at: moment(now))
                #expect(taken)
                if isFinal || !final.contains(target) { last[target] = work }
                if isFinal { final.insert(target) }
            }
            for order in book.orders(at: moment(now)) {
                #expect(!flying.contains { $0.1.target == order.target }, "two requests at once")
                if order.target.part == .text {
                    if let before = started[order.target] { #expect(now - before >= SendBook.spacing) }
                    started[order.target] = now
                    edits += 1
                }
                flying.append((now + Int64.random(in: 10...1500, using: &random), order))
            }
            let due = flying.filter { $0.at <= now }
            flying.removeAll { $0.at <= now }
            for (_, order) in due {
                if wanted, random.chance(10) {
                    let again = book.failed(order.target, .unclear("lost"), at: moment(now))
                    #expect(again)
                } else {
                    shown[order.target] = order.work
                    book.done(order.target, at: moment(now))
                    // Once it was final and is shown, the book may forget that it was.
                    if case .edit = order.work, order.work == last[order.target], final.remove(order.target) != nil {
                        started[order.target] = nil
                    }
                }
            }
            now += wanted ? Int64.random(in: 0...300, using: &random) : 1000
        }
        #expect(book.isEmpty)
        for (target, work) in last {
            switch (work, shown[target]) {
            case (.react(let emoji, _), .react(let there, let gone)?): #expect(emoji == there && !gone.contains(emoji ?? ""))
            case (_, let there): #expect(there == work)
            }
        }
        #expect(edits < 1000, "most states were overtaken")
    }

    @Test func `nothing comes after a final state, and it is never dropped`() {
        var book = SendBook()
        for id in 0..<UInt64(SendBook.most) {
            let other = SendBook.Target(message: Snowflake(1000 + id), channel: Snowflake(2), part: .text)
            _ = book.want(edit("x"), of: other, priority: .card, isFinal: false, at: moment(0))
        }
        let refused = !book.want(edit("more"), of: target, priority: .answer, isFinal: false, at: moment(0))
        #expect(refused)
        let taken = book.want(edit("end"), of: target, priority: .answer, isFinal: true, at: moment(0))
        #expect(taken)
        _ = book.want(edit("late"), of: target, priority: .answer, isFinal: false, at: moment(0))
        let first = book.orders(at: moment(0)).first
        #expect(first == SendBook.Order(target: target, work: edit("end"), priority: .answer))
    }

    @Test func `a message that is gone is given up, one that is not reached is tried again, more and more seldom`() {
        var book = SendBook()
        _ = book.want(edit("a"), of: target, priority: .card, isFinal: false, at: moment(0))
        var now = moment(0)
        var waits: [Int64] = []
        for _ in 0..<8 {
            #expect(book.orders(at: now).count == 1)
            let again = book.failed(target, .unavailable("x"), at: now)
            #expect(again)
            let wake = book.wake(after: now) ?? now
            waits.append(wake - now)
            now = wake
        }
        #expect(waits == [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
        _ = book.orders(at: now)
        let again = book.failed(target, .notFound(.init(status: 404, message: "Unknown Message")), at: now)
        #expect(!again)
        #expect(book.isEmpty)
    }

    @Test func `of all reactions only the last stays`() {
        var book = SendBook()
        let reaction = SendBook.Target(message: Snowflake(1), channel: Snowflake(2), part: .reaction)
        _ = book.want(.react("⏳", insteadOf: []), of: reaction, priority: .card, isFinal: false, at: moment(0))
        _ = book.orders(at: moment(0))
        for (emoji, old) in [("▶️", "⏳"), ("⏸️", "▶️"), ("✅", "▶️")] {
            _ = book.want(.react(emoji, insteadOf: [old]), of: reaction, priority: .card, isFinal: false, at: moment(1))
        }
        book.done(reaction, at: moment(2))
        #expect(book.orders(at: moment(2)).map(\.work) == [.react("✅", insteadOf: ["⏳", "▶️", "⏸️"])])
    }
}
