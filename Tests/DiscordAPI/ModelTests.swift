import FoundationEssentials
import Testing

@testable import DiscordAPI

@Suite struct ModelTests {
    @Test func `an id is decimal digits, and tells the time`() throws {
        let id = try #require(Snowflake("175928847299117063"))
        #expect(id.milliseconds == 1_462_015_105_796)
        #expect(Snowflake(firstAt: id.milliseconds) <= id)
        #expect(Snowflake(firstAt: id.milliseconds + 1) > id)
        for wrong in ["", "-1", "+1", " 1", "1.0", "18446744073709551616", "000000000000000000001", "١"] {
            #expect(Snowflake(wrong) == nil, "\(wrong)")
        }
        #expect(Snowflake(firstAt: 0).rawValue == 0)
        #expect(Snowflake(firstAt: .max).milliseconds > id.milliseconds)
    }

    @Test func `what Discord adds is no reason not to read the rest`() throws {
        let message: Message = try read(
            """
            {"id": "10", "channel_id": "2", "author": {"id": "3", "username": "alice", "global_name": null, "new": [1]},
             "type": 99, "content": "hello", "mentions": [null, {"id": "x"}, {"id": "4", "username": "bob", "bot": true}],
             "mention_roles": ["5"], "attachments": [{"id": "6", "filename": "a.txt", "size": 3, "url": "https://x/"}, 7],
             "embeds": [{"type": "rich", "title": "t", "fields": [{"name": "n", "value": "v"}], "video": {}}],
             "components": [{"type": 1, "components": [
                {"type": 2, "style": 9, "label": "l", "custom_id": "c"}, {"type": 77}, {"type": "?"}]}, {"type": 17}],
             "nonce": 12, "member": {"roles": ["8", 9], "permissions": null}, "poll": {"question": 1}}
            """)
        #expect(message.author == User(id: Snowflake(3), username: "alice"))
        #expect(message.mentions == [User(id: Snowflake(4), username: "bob", isBot: true)])
        #expect(message.kind == Message.Kind(rawValue: 99))
        #expect(message.attachments.map(\.filename) == ["a.txt"])
        #expect(message.embeds == [Embed(title: "t", fields: [Embed.Field("n", "v")])])
        #expect(message.components == [.row([.button(Button("l", customID: "c")), .other(type: 77)]), .other(type: 17)])
        #expect(message.nonce == Nonce("12"))
        #expect(message.member?.roles == [Snowflake(8)])
    }

    @Test func `an interaction brings who, where, and what was typed`() throws {
        let form: Interaction = try read(
            """
            {"id": "1", "application_id": "2", "type": 5, "token": "tok", "guild_id": "3", "channel_id": "4",
             "channel": {"id": "4", "type": 11, "parent_id": "5"},
             "member": {"user": {"id": "6", "username": "alice"}, "roles": ["7"], "permissions": "2048"},
             "data": {"custom_id": "ask:9", "components": [
                {"type": 1, "components": [{"type": 4, "custom_id": "old", "value": "row"}]},
                {"type": 18, "component": {"type": 4, "custom_id": "new", "value": "label"}}]}}
            """)
        #expect(form.kind == .modal)
        #expect(form.user.username == "alice")
        #expect(form.member?.permissions == .sendMessages)
        #expect(form.channel?.parentID == Snowflake(5))
        #expect(form.data.texts == ["old": "row", "new": "label"])

        let command: Interaction = try read(
            """
            {"id": "1", "application_id": "2", "type": 2, "token": "tok", "user": {"id": "6", "username": "bob"}, "data": {
             "name": "pool", "options": [{"name": "pause", "type": 1, "options": [
                {"name": "pool", "type": 3, "value": "gpu", "focused": true}, {"name": "n", "type": 4, "value": 3},
                {"name": "x", "type": 10, "value": 1.5}, {"name": "all", "type": 5, "value": true}]}],
             "resolved": {"attachments": {"8": {"id": "8", "filename": "f", "size": 1, "url": "u"}}}}}
            """)
        let values = command.data.options.first?.options.map(\.value)
        #expect(values == [.string("gpu"), .integer(3), .number(1.5), .bool(true)])
        #expect(command.data.options.first?.options.first?.focused == true)
        #expect(command.data.attachments[Snowflake(8)]?.filename == "f")
    }

    @Test(arguments: [
        MessageDraft(content: "@everyone"), MessageDraft(embeds: []), MessageDraft(kept: []), MessageDraft(reply: Snowflake(1)),
        MessageDraft(files: [OutgoingFile("a", [1])], flags: .silent),
    ])
    func `whatever is written mentions nobody`(draft: MessageDraft) throws {
        let nobody = #""allowed_mentions":{"parse":[]}"#
        #expect(try written(draft).contains(nobody))
        #expect(try written(InteractionResponse.message(draft)).contains(nobody))
        #expect(try written(InteractionResponse.update(draft)).contains(nobody))
    }

    @Test func `an edit leaves what it does not name`() throws {
        #expect(try written(MessageDraft(content: "x")) == #"{"allowed_mentions":{"parse":[]},"content":"x"}"#)
        let cleared = try written(MessageDraft(content: "", embeds: [], components: [], kept: []))
        #expect(
            cleared == #"{"allowed_mentions":{"parse":[]},"attachments":[],"components":[],"content":"","embeds":[]}"#)
        let kept = try written(MessageDraft(kept: [Snowflake(7)], files: [OutgoingFile("b", [])]))
        #expect(kept.contains(#""attachments":[{"id":"7"},{"filename":"b","id":"0"}]"#))
    }

    @Test func `a secret has no description`() throws {
        let token = try #require(BotToken("  abc.def\n"))
        let secret = Secret("abc.def")
        var dumped = ""
        dump(token, to: &dumped)
        dump([secret], to: &dumped)
        dump(DiscordError.unauthorized, to: &dumped)
        for text in ["\(token)", "\(secret)", String(reflecting: token), String(reflecting: [secret]), dumped] {
            #expect(!text.contains("abc"), "\(text)")
        }
        for wrong in ["", " \n", "a b", "a\u{7F}", "é", String(repeating: "a", count: 513)] { #expect(BotToken(wrong) == nil) }
    }

    @Test func `a nonce is the same for the same parts, and short`() {
        #expect(Nonce(of: "7", "done", "0") == Nonce(of: "7", "done", "0"))
        #expect(Nonce(of: "7", "done") != Nonce(of: "7d", "one"))
        #expect(Nonce(of: "a", "") != Nonce(of: "", "a"))
        let all = Set((0..<10_000).map { Nonce(of: "\($0)") })
        #expect(all.count == 10_000)
        #expect(all.allSatisfy { $0.text.utf8.count <= 25 })
        #expect(Nonce("") == nil)
        #expect(Nonce(String(repeating: "a", count: 26)) == nil)
    }

    @Test func `permissions are reckoned as Discord does`() {
        let (guild, user, role) = (Snowflake(1), Snowflake(2), Snowflake(3))
        let roles = [
            Role(id: guild, name: "@everyone", permissions: [.viewChannel, .sendMessages]),
            Role(id: role, name: "bots", permissions: [.embedLinks]),
            Role(id: Snowflake(4), name: "admins", permissions: [.administrator]),
        ]
        func may(_ held: [Snowflake], _ overwrites: [PermissionOverwrite], owner: Snowflake? = nil) -> Permissions {
            let channel = Channel(id: Snowflake(9), overwrites: overwrites)
            return Permissions.of(user, roles: held, in: channel, guild: guild, owner: owner, guildRoles: roles)
        }
        #expect(may([], []) == [.viewChannel, .sendMessages])
        #expect(may([role], []) == [.viewChannel, .sendMessages, .embedLinks])
        let closed = PermissionOverwrite(id: guild, kind: .role, deny: [.viewChannel])
        #expect(may([role], [closed]) == [.sendMessages, .embedLinks])
        let open = PermissionOverwrite(id: role, kind: .role, allow: [.viewChannel])
        #expect(may([role], [open, closed]) == [.viewChannel, .sendMessages, .embedLinks])
        let muted = PermissionOverwrite(id: user, kind: .member, deny: [.sendMessages])
        #expect(may([role], [muted, open, closed]) == [.viewChannel, .embedLinks])
        #expect(may([Snowflake(4)], [closed, muted]).contains(.viewChannel))
        #expect(may([], [closed], owner: user).contains([.viewChannel, .manageRoles]))
    }

    private func read<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    private func written(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
