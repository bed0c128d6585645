import Foundation
import OrchProtocol
import Scheduling
import TestSupport
import Testing

@testable import Storage

@Suite struct EventTests {
    private func event(_ detail: String = "d") -> Event {
        var event = Event(at: Timestamp(milliseconds: 1_800_000_000_000), kind: .taskQueued)
        event.detail = detail
        return event
    }

    private func all(after seq: Int64, in store: SQLiteStore) throws -> [Int64] {
        var numbers: [Int64] = []
        while true {
            let more = try store.events(after: numbers.last ?? seq)
            guard !more.isEmpty else { return numbers }
            numbers += more.map(\.seq)
        }
    }

    @Test func everyEventComesOnceFromWhereverOneBegins() throws {
        let directory = try ScratchDirectory()
        var store = try SQLiteStore(path: directory.path("queue.db"))
        var total: Int64 = 0
        // Turns of few and of many, so that some are cut.
        for count in [1, 2, 999, 1_000, 1_001, 1, 5_000, 3, 1, 1, 2_500] {
            let first = try store.transaction { try $0.append(Array(repeating: event(), count: count)) }
            #expect(first == total + 1)
            total += Int64(count)
        }
        #expect(try store.lastEvent() == total)
        #expect(try store.firstEvent() == 1)
        let edges: [Int64] = [1, 2, 3, 4, 1_001, 1_002, 1_003, 2_002, 3_002, 3_003, 3_004, 8_004, 8_005, total]
        let steps = Array(stride(from: 0, to: total, by: 487))
        for seq in Set(edges + edges.map { $0 - 1 } + steps) {
            let expected = Array((seq + 1)..<(total + 1))
            #expect(try all(after: seq, in: store) == expected, "after \(seq)")
        }
        for seq in [total, total + 1, total + 1_000, .max] { #expect(try store.events(after: seq).isEmpty) }
        #expect(try all(after: -5, in: store).count == Int(total))
        try store.close()
        store = try SQLiteStore(path: directory.path("queue.db"))
        #expect(try store.transaction { try $0.append([event()]) } == total + 1)
    }

    /// One turn of more events than the older of them are kept, which a batch of that many tasks is.
    @Test func aTurnMayBeVeryLarge() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        try store.transaction { _ = try $0.append(Array(repeating: event(), count: 150_000)) }
        let next = try store.events(after: 149_000)
        #expect(next.first?.seq == 149_001)
        #expect(next.last?.seq == 150_000)
        #expect(try store.events(after: 10).count < 10_000, "a subscriber is not sent all of it at once")
    }

    @Test func theOldOnesGo() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        let kept = SQLiteStore.eventsKept
        for _ in 0..<25 { try store.transaction { _ = try $0.append(Array(repeating: event(), count: 20_000)) } }
        let last = try store.lastEvent()
        let first = try #require(try store.firstEvent())
        #expect(last == 500_000)
        #expect(last - first >= kept)
        #expect(last - first < kept + 30_000)
        // One that begins before them begins with the oldest there is.
        #expect(try store.events(after: 5).first?.seq == first)
    }

    private static let nasty: [String] = [
        "", "\0", "a\0b", "\n", "\r\n", "\u{1}\u{1F}\u{7F}", "\"\\/", "\u{2028}\u{2029}", "é", "e\u{301}", "\u{301}=", "😀👨‍👩‍👧‍👦",
        "\u{FEFF}x", "\u{FFFD}", "\u{10FFFF}", String(repeating: "\\\"", count: 500), "</script>", "\u{85}", "\\u0000", "\t",
    ]

    @Test func theLineOfAnEventReadsBackAsTheEvent() throws {
        var random = SeededGenerator(7)
        for round in 0..<2_000 {
            var event = Event(
                seq: .random(in: 0 ... .max, using: &random),
                at: Timestamp(milliseconds: .random(in: Timestamp.range, using: &random)),
                kind: Event.Kind.allCases.randomElement(using: &random)!)
            func maybe<T>(_ value: @autoclosure () -> T) -> T? { Bool.random(using: &random) ? value() : nil }
            func text() -> String { Self.nasty.randomElement(using: &random)! + Self.nasty.randomElement(using: &random)! }
            event.task = maybe(.random(in: .min ... .max, using: &random))
            event.attempt = maybe(.random(in: 0...9, using: &random))
            event.pool = maybe(text())
            event.worker = maybe(text())
            event.pid = maybe(.random(in: .min ... .max, using: &random))
            event.state = maybe(TaskState.allCases.randomElement(using: &random)!)
            event.outcome = maybe(
                Outcome(Outcome.Kind.allCases.randomElement(using: &random)!, code: Bool.random(using: &random) ? 137 : nil))
            event.detail = maybe(text())
            let line = event.line
            #expect(!line.contains(UInt8(ascii: "\n")))
            let read = try Wire.decode(Event.self, from: line)
            #expect(read == event, "round \(round)")
            #expect(read.detail.map { Array($0.utf8) } == event.detail.map { Array($0.utf8) }, "round \(round)")
        }
    }

    @Test func nastyDetailsComeBackFromTheStore() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        try store.transaction { _ = try $0.append(Self.nasty.map(event)) }
        let details = try store.events(after: 0).map { Array(($0.detail ?? "").utf8) }
        #expect(details == Self.nasty.map { Array($0.utf8) })
    }
}
