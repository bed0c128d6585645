import DiscordAPI
import OrchProtocol
import Testing

@testable import DiscordBridge

@Suite struct IntakeTests {
    private static let bot = Snowflake(99)

    private func read(
        _ content: String, mention: Bool = false, mentions: Bool = false, kind: Person.Kind = .human,
        author: Snowflake = Snowflake(1), ordinary: Bool = true, isAnswer: Bool = false
    ) -> Intake.Reading {
        var settings = BridgeConfiguration.TaskChannel(id: Snowflake(10))
        settings.mention = mention
        settings.pool = "chat"
        return Intake(bot: Self.bot).read(
            ChatMessage(
                id: Snowflake(500), channel: Snowflake(10), author: Person(id: author, kind: kind, name: "a\u{1B}b"),
                content: content, mentionsBot: mentions, isOrdinary: ordinary), in: settings, isAnswer: isAnswer)
    }

    private func task(_ reading: Intake.Reading) -> TaskSpec? {
        if case .task(let spec) = reading { spec } else { nil }
    }

    @Test func aMessageIsATask() throws {
        let spec = try #require(task(read("write a poem")))
        #expect(spec.prompt == "write a poem")
        #expect(spec.pool == "chat")
        #expect(spec.key == "discord:500")
        #expect(spec.labels?["discord.user"] == "1")
        #expect(spec.labels?["discord.name"] == "a·b")
    }

    @Test(arguments: ["<@99> write", "<@!99> write", "write <@99>", "  <@99>\nwrite "])
    func theMentionIsNoPartOfIt(_ content: String) {
        #expect(task(read(content, mention: true))?.prompt == "write")
    }

    @Test func whatIsForNobodyIsNone() {
        #expect(read("hello", mention: true) == .none)
        #expect(read("hello <@98>", mention: true) == .none)
        #expect(task(read("hello", mention: true, isAnswer: true)) != nil)
        #expect(read("alice has joined", ordinary: false) == .none)
        #expect(read("hello", kind: .own) == .none)
        #expect(read("hello", kind: .webhook) == .none)
        #expect(read("hello", author: Self.bot) == .none)
    }

    @Test(arguments: ["", " \n", "<@99>", "[model:x] [pool:p]", "a\u{0}b"]) func whatIsEmptyIsFaulty(_ content: String) {
        guard case .faulty(let reason) = read(content, mentions: true) else {
            Issue.record("\(content) is taken")
            return
        }
        #expect(reason.hasPrefix("has "))
    }

    @Test func tagsChooseThePoolAndStayForTheDaemon() throws {
        let spec = try #require(task(read("[model:x] [pool:gpu] [thinking:high] work")))
        #expect(spec.pool == "gpu")
        #expect(spec.prompt == "[model:x] [pool:gpu] [thinking:high] work")
    }

    @Test func theOldLineIsReadAsBefore() throws {
        let spec = try #require(task(read("t-1|do it|opus|high")))
        #expect(spec.name == "t-1")
        #expect(spec.prompt == "do it")
        #expect(spec.model == "opus")
        #expect(spec.thinking?.rawValue == "high")
        #expect(spec.key == "discord:500")
        #expect(task(read("a | b"))?.prompt == "a | b")
        #expect(task(read("say a|b|c|d please"))?.name == nil)
        guard case .faulty = read("t-1|do it|opus|hgih") else {
            Issue.record("a wrong level is taken")
            return
        }
    }
}
