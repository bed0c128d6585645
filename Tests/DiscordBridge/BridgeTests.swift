import DiscordAPI
import OrchProtocol
import TestSupport
import Testing

@testable import DiscordBridge

/// Lives of the bridge, each decided by its seed: whatever goes wrong, one task for each message that may be one, and all of it shown once.
@Suite struct BridgeTests {
    // The last of them have found faults.
    @Test(arguments: Array(0..<16 as Range<UInt64>) + [16, 55, 58]) func nothingIsLostAndNothingIsTwice(_ seed: UInt64) throws {
        var world = try BridgeWorld(seed)
        for _ in 0..<400 { try world.step() }
        try world.settle()
        check(world)
    }

    private func check(_ world: BridgeWorld) {
        let discord = world.discord
        for message in discord.history {
            let tasks = world.daemon.tasks.filter { $0.labels?["discord.message"] == message.id.description }
            let isAllowed = message.author == BridgeWorld.alice
            #expect(tasks.count == (isAllowed ? 1 : 0), "\(message.content)")
            guard let task = tasks.first else { continue }
            let footer = "task \(task.id) · alice"
            let cards = discord.messages.filter { $0.place == message.id && $0.content.card?.footer == footer }
            #expect(cards.count == 1, "\(cards.count) cards of \(task.id)")
            #expect(cards.first?.content.card?.body == "**\(task.state.rawValue)**")
            let ends = discord.messages.filter { $0.place == BridgeWorld.results && $0.content.card?.footer == footer }
            #expect(ends.count == 1, "\(ends.count) ends of \(task.id)")
            let answers = discord.messages.filter { $0.place == message.id && $0.content.text == "answer \(task.id)" }
            #expect(answers.count == (task.state == .succeeded ? 1 : 0), "\(answers.count) answers of \(task.id)")
            #expect(discord.threads.contains(message.id))
            #expect(discord.reactions[message.id] == [task.state == .succeeded ? "✅" : "❌"])
        }
        #expect(!world.daemon.tasks.isEmpty)
    }
}
