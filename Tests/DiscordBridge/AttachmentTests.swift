import OrchClient
import OrchProtocol
import Testing

@testable import DiscordAPI
@testable import DiscordBridge

/// The files of messages.
@Suite struct AttachmentTests {
    private static func file(_ name: String, _ size: Int = 1, _ type: String? = nil) -> DiscordAPI.Attachment {
        DiscordAPI.Attachment(id: Snowflake(1), filename: name, size: size, url: "", contentType: type)
    }

    @Test func aChannelTakesWhatItsRulesSay() {
        var rules = AttachmentRules()
        #expect(rules.complaint(about: [Self.file("a", 4 << 20), Self.file("b", 4 << 20)]) == nil)
        #expect(rules.complaint(about: [Self.file("a", 4 << 20), Self.file("b", 4 << 20 + 1)]) != nil)
        #expect(rules.complaint(about: [Self.file("a", Int.max), Self.file("b", Int.max)]) != nil)
        rules.types = ["image/*", "text/plain"]
        for (type, isAllowed) in [
            ("image/png", true), ("IMAGE/PNG", true), ("text/plain; charset=utf-8", true), ("text/html", false),
            ("imagex/png", false), (nil, false), ("", false),
        ] as [(String?, Bool)] {
            #expect((rules.complaint(about: [Self.file("a", 1, type)]) == nil) == isAllowed, "\(type ?? "none")")
        }
        rules.bytes = 0
        #expect(rules.complaint(about: [Self.file("a")]) != nil && rules.complaint(about: []) == nil)
    }

    @Test func namesAreHarmlessAndDifferent() {
        let given = [
            "a.txt", "A.TXT", "a.txt", "../../etc/passwd", ".orch-result", "", "-rf", "a b\n.md", "ä\u{202E}.png", "..",
            String(repeating: "x", count: 400) + ".png",
        ]
        let names = AttachmentRules.names(given.map { Self.file($0) })
        #expect(Set(names.map { $0.lowercased() }).count == given.count, "\(names)")
        for name in names {
            #expect(!name.contains("/") && !"._-".contains(name.first ?? ".") && name.utf8.count <= 110, "\(name)")
        }
        #expect(names[0] == "a.txt" && names[2] == "3-a.txt" && (names.last ?? "").hasSuffix(".png"))
    }

    /// In vain again and again, and then said.
    @Test func whatCannotBeFetchedIsRefusedInTheEnd() throws {
        var configuration = BridgeConfiguration()
        var channel = BridgeConfiguration.TaskChannel(id: Snowflake(10))
        channel.mention = false
        configuration.channels = [channel]
        var rule = Authorizer.Rule()
        rule.users = [Snowflake(1)]
        rule.verbs = [.submit]
        rule.pools = ["default"]
        configuration.authorizer = Authorizer(rules: [rule])
        let store = try BridgeStore()
        var bridge = Bridge(configuration, bot: Snowflake(99))
        var now: Int64 = 1_800_000_000_000
        func turn(_ inputs: Input...) throws -> [Effect] {
            try store.transaction { try bridge.turn(inputs, now: now, in: $0) }
        }
        var message = ChatMessage(
            id: Snowflake(500), channel: Snowflake(10), author: Person(id: Snowflake(1), name: "a"), content: "look")
        message.attachments = [Self.file("a.txt")]
        var tries = 0
        var effects = try turn(.daemon([.connected(last: 0)]), .session(isNew: true), .message(message))
        while effects.contains(where: { if case .submit(Snowflake(500), _, _, _?) = $0 { true } else { false } }) {
            tries += 1
            _ = try turn(.answered(.submit(Snowflake(500)), .unfetched("cut off")))
            now += 310_000
            effects = try turn(.tick)
            if tries > 20 { break }
            // What may have been submitted long ago is looked for first; it was not.
            if effects.contains(where: { if case .verify = $0 { true } else { false } }) {
                effects = try turn(.answered(.verify(Snowflake(500)), .done))
            }
        }
        #expect(tries == 8)
        let row = try store.transaction { try $0.request(Snowflake(500)) }
        #expect(row?.state == .refused)
    }

    /// Where a form asks for the prompt, and where the bridge dies before it has submitted them, too.
    @Test(arguments: [true, false]) func aCommandBringsItsFiles(_ hasForm: Bool) throws {
        var stage = try Stage()
        var wish = Wish("task", hasForm ? [:] : ["prompt": .string("look")])
        wish.files = [Self.file("a.txt", 3), Self.file("@here.md", 2)]
        var used = try stage.use(.command(wish))
        if hasForm { used = try stage.use(.form(used.id, texts: ["text": "look"])) }
        func given(_ effects: [Effect]) -> [[DiscordAPI.Attachment]?] {
            effects.compactMap { if case .submit(Snowflake(900), _, _, let files) = $0 { files?.given } else { nil } }
        }
        #expect(try given(stage.turn(.answered(.tell(used.id), .made(Snowflake(900))))) == [wish.files])
        #expect(try given(stage.restart()) == [wish.files])
        _ = try stage.turn(.answered(.submit(Snowflake(900)), .task(1)))
        #expect(try stage.store.transaction { try $0.request(Snowflake(900))?.given } == nil)
        #expect(
            TaskCard.asked(TaskSpec(prompt: "look"), wish.files ?? [], by: "alice").text
                == "**alice** asks ():\n> look\nWith a.txt, \\@here.md")
    }

    @Test func aCommandWithFilesIsJudgedAsAMessage() throws {
        var stage = try Stage()
        var wish = Wish("task", ["prompt": .string("look")])
        wish.files = [Self.file("a.txt", 9 << 20)]
        guard case .say(let content)? = try stage.use(.command(wish)).reply else { Issue.record("no reply"); return }
        #expect(content.text == "No: the command has files of 9 MiB; this channel takes at most 8 MiB.")
    }
}
