import DiscordAPI
import OrchClient
import OrchProtocol
import Testing

@testable import DiscordBridge

/// What is shown of the queue as a whole.
@Suite struct StatusTests {
    private static func event(_ seq: Int64, _ kind: Event.Kind, _ fill: (inout Event) -> Void = { _ in }) -> Event {
        var event = Event(seq: seq, at: Timestamp(milliseconds: 1_000_000), kind: kind)
        fill(&event)
        return event
    }

    @Test func newsAreCountedWhereTheyAreMany() {
        let line = { (number: Int64) in
            News.line(Self.event(number, .workerReady) { $0.worker = "gpu/\(number)" }) ?? ""
        }
        var content = News.content((0..<10).map(line))
        #expect(content.text.split(separator: "\n").count == 10 && content.omitted == nil)
        for round in 1...100 { content = News.content((0..<10).map { line(Int64(round) * 10 + $0) }, after: content) }
        let lines = content.text.split(separator: "\n")
        #expect(lines.count == 16 && content.omitted == 995)
        #expect(lines.last == "… and 995 more; `orchctl events` lists them")
        #expect(content.text.utf16.count < 2000)
    }

    @Test func newsCannotBeForged() {
        let evil = "x\n@everyone [a](https://evil) **b** <@1> `c"
        for kind in Event.Kind.allCases {
            let line = News.line(
                Self.event(1, kind) {
                    ($0.worker, $0.pool, $0.gate, $0.detail) = (evil, evil, evil, evil)
                })
            guard let line else { continue }
            // What has a backslash before it means nothing.
            let bare = line.split(separator: "\\@").joined()
            #expect(!line.contains("\n") && !line.contains("](") && !bare.contains("@everyone"), "\(line)")
        }
        #expect(News.line(Self.event(1, .taskFinished)) == nil)
    }

    @Test func theCardFitsWhateverTheDaemonSays() {
        let long = String(repeating: "<@1> **x** ", count: 500)
        var pool = PoolRecord(name: long, state: .paused, slots: 3, agent: "a", counts: TaskCounts())
        pool.problem = long
        var status = DaemonStatus(
            state: .degraded, version: long, pid: 1, startedAt: Timestamp(milliseconds: 0), now: Timestamp(milliseconds: 0),
            supervisor: SupervisorStatus(connected: true), counts: TaskCounts(), pools: Array(repeating: pool, count: 100),
            problems: Array(repeating: long, count: 50), lastEvent: 1)
        status.gates = (0..<30).map { _ in GateRecord(name: long, reason: long, waiting: 3) }
        let card = StatusCard.card(status).card
        let sizes = [card?.title, card?.body, card?.footer].map { $0?.utf16.count ?? 0 }
        #expect(sizes[0] <= 256 && sizes[1] <= 4096 && sizes[2] <= 2048)
        let fields = card?.fields ?? []
        #expect(fields.allSatisfy { $0.name.utf16.count <= 256 && $0.value.utf16.count <= 1024 })
        #expect(sizes.reduce(0, +) + fields.reduce(0) { $0 + $1.name.utf16.count + $1.value.utf16.count } <= 6000)
    }

    /// Where nothing happens, nothing is asked; where much happens, at most every two seconds.
    @Test func itIsAskedOnlyWhereSomethingHasHappened() throws {
        var configuration = BridgeConfiguration()
        configuration.statusPlaces = [Snowflake(7)]
        let store = try BridgeStore()
        var bridge = Bridge(configuration, bot: Snowflake(1))
        var now: Int64 = 1_800_000_000_000
        func turn(_ inputs: Input...) throws -> Int {
            let effects = try store.transaction { try bridge.turn(inputs, now: now, in: $0) }
            return effects.count { $0 == .survey }
        }
        func answer() throws -> Int {
            let status = DaemonStatus(
                state: .running, version: "1", pid: 1, startedAt: Timestamp(milliseconds: 0), now: Timestamp(milliseconds: 0),
                supervisor: SupervisorStatus(connected: true), counts: TaskCounts(), pools: [], problems: [], lastEvent: 1)
            return try turn(.answered(.survey, .status(status)))
        }
        #expect(try turn(.daemon([.connected(last: 0)])) == 1)
        #expect(try answer() == 0)
        now += 60_000
        #expect(try turn(.tick) == 0)
        #expect(try turn(.daemon([.event(Self.event(1, .taskQueued))])) == 1)
        #expect(try answer() == 0)
        var asked = 0
        for seq in Int64(2)...1000 {
            now += 10
            let isAsked = try turn(.daemon([.event(Self.event(seq, .taskQueued))]))
            asked += isAsked
            if isAsked > 0 { asked += try answer() }
        }
        #expect((4...5).contains(asked))
        #expect(bridge.wakeUp != nil)
    }
}
