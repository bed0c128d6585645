import DiscordAPI
import OrchClient
import OrchProtocol
import Testing

@testable import DiscordBridge

/// Many tasks that end at once are a few messages and a summary, however fast they end and however slow Discord is.
@Suite struct BurstTests {
    private static let results = Snowflake(11)

    /// - Parameter atOnce: how many end between two messages.
    @Test(arguments: [(1000, 60), (5000, 700)]) func manyEndsAreOneSummary(count: Int, atOnce: Int) throws {
        var configuration = BridgeConfiguration()
        configuration.results = Self.results
        let store = try BridgeStore()
        var bridge = Bridge(configuration, bot: Snowflake(99))
        let tasks = (1...Int64(count)).map(\.self)
        try store.transaction { store in
            for task in tasks {
                let author = Snowflake(1)
                let request = RequestRow(
                    message: Snowflake(UInt64(1000 + task)), channel: Snowflake(10), author: author, authorName: "alice",
                    madeAt: 1,
                    state: .new)
                _ = try store.add(request)
                try store.add(task: task, of: request.message)
                try store.set(thread: .open, of: task)
            }
        }
        var now: Int64 = 1_800_000_000_000
        var messages: [Int64: Content] = [:]
        var pending: [Effect] = []
        func turn(_ inputs: [Input]) throws {
            now += 1000
            pending += try store.transaction { try bridge.turn(inputs, now: now, in: $0) }
        }
        try turn([.session(isNew: true)])
        var rest = tasks[...]
        for _ in 0..<1000 where !rest.isEmpty || !pending.isEmpty || bridge.wakeUp != nil {
            var inputs: [Input] = rest.prefix(atOnce).map { task in
                var record = TaskRecord(
                    id: task, state: task % 100 == 0 ? .failed : .succeeded, pool: "default", priority: 0, submitter: 0,
                    submittedAt: Timestamp(milliseconds: 0))
                record.finishedAt = Timestamp(milliseconds: now)
                return .answered(.fetch(task), .record(record))
            }
            rest = rest.dropFirst(atOnce)
            for effect in pending {
                switch effect {
                case .create(let post, _, let place, let content, _):
                    if place == Self.results { messages[post] = content }
                    inputs.append(.answered(.post(post), .made(Snowflake(UInt64(1_000_000 + post)))))
                case .edit(let post, _, _, let content):
                    if messages[post] != nil { messages[post] = content }
                    inputs.append(.answered(.post(post), .done))
                case .react(let message, _, _, _): inputs.append(.answered(.reaction(message), .done))
                default: break
                }
            }
            pending = []
            try turn(inputs + [.tick])
        }
        let titles = messages.values.compactMap { $0.card?.title }
        let summaries = messages.values.filter { $0.card?.title.hasSuffix("tasks have ended") ?? false }
        #expect(summaries.count == 1 && messages.count <= 52, "\(messages.count) messages: \(titles)")
        let told = messages.count - summaries.count
        let failed = count / 100 - titles.count { $0.hasPrefix("❌") }
        #expect(summaries.first?.card?.title == "\(count - told) tasks have ended")
        #expect(summaries.first?.card?.body?.contains("\(failed) failed") ?? false, "\(summaries)")
    }
}
