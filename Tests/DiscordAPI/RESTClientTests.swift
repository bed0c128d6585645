import NIOConcurrencyHelpers
import Testing

@testable import DiscordAPI

@Suite(.serialized) struct RESTClientTests {
    @Test func `everything that a bridge asks for`() async throws {
        try await Standin.run { discord in
            let rest = discord.rest
            let channel = try await rest.channel(try await discord.newChannel("work"))
            let guild = try #require(channel.guildID)
            let first = try await rest.createMessage(
                MessageDraft(content: "@everyone one", embeds: [Embed(title: "t", fields: [Embed.Field("n", "v")])]),
                in: channel.id, nonce: Nonce(of: "1"), priority: .answer)
            #expect(first.content == "@everyone one")
            let edited = try await rest.editMessage(
                first.id, in: channel.id, to: MessageDraft(content: "two", embeds: []), priority: .card)
            #expect((edited.content, edited.embeds) == ("two", []))
            let reply = try await rest.createMessage(
                MessageDraft(
                    content: "with files",
                    components: [.row([Button("Stop", customID: "stop:1:0", style: .danger)].map { .button($0) })],
                    files: [
                        OutgoingFile("a \"b\"\r\n.txt", Array("text".utf8), contentType: "text/plain"),
                        OutgoingFile("b", [0, 255]),
                    ],
                    reply: first.id),
                in: channel.id, nonce: Nonce(of: "2"), priority: .log)
            #expect(reply.attachments.map(\.size) == [4, 2])
            #expect(reply.reference?.messageID == first.id)
            #expect(try await rest.download(reply.attachments[0], atMost: 4) == Array("text".utf8))

            for emoji in ["⏳", "▶️", "✅"] { try await rest.react(emoji, to: first.id, in: channel.id) }
            for emoji in ["⏳", "⏳", "🚫"] { try await rest.takeBackReaction(emoji, from: first.id, in: channel.id) }
            try await rest.pin(first.id, in: channel.id)
            #expect(try await rest.message(first.id, in: channel.id).pinned)
            try await rest.unpin(first.id, in: channel.id)

            let thread = try await rest.startThread(from: first.id, in: channel.id, name: "task 1", archiveAfter: .day)
            #expect((thread.id, thread.parentID) == (first.id, channel.id))
            #expect(
                try await rest.startThread(from: first.id, in: channel.id, name: "again", archiveAfter: .day).name == "task 1")

            #expect(
                try await rest.messages(in: channel.id, after: Snowflake(0), limit: 1000).map(\.id).prefix(2) == [
                    first.id, reply.id,
                ])
            #expect(try await rest.messages(in: channel.id, after: first.id, limit: 1).first?.id == reply.id)
            try await rest.deleteMessage(reply.id, in: channel.id)
            try await rest.deleteMessage(reply.id, in: channel.id)

            #expect(try await rest.guild(guild).name == "orch")
            #expect(try await rest.channels(of: guild).contains { $0.id == channel.id })
            let me = try await rest.currentUser()
            let roles = try await rest.roles(of: guild)
            let member = try await rest.member(me.id, of: guild)
            let may = Permissions.of(
                me.id, roles: member.roles, in: channel, guild: guild, owner: try await rest.guild(guild).ownerID,
                guildRoles: roles)
            #expect(may.contains([.viewChannel, .sendMessages]) && !may.contains(.administrator))
            #expect(try await rest.application().mayReadMessageContent)
            #expect(try await rest.gateway().remaining == 1000)
        }
    }

    @Test func `commands, buttons and forms are answered`() async throws {
        try await Standin.run { discord in
            let rest = discord.rest
            try await Ear().listen(to: discord.gateway()) { events in
                let guild = try await events.next { if case .guildCreated(let guild) = $0 { guild } else { nil } }
                let commands = [
                    ApplicationCommand(
                        name: "task", description: "Submit a task",
                        options: [
                            .init(.string, "prompt", "What to do", required: true),
                            .init(.string, "pool", "Where", autocomplete: true),
                        ], defaultMemberPermissions: .sendMessages)
                ]
                let made = try await rest.overwriteCommands(commands, of: discord.addresses.application, in: guild.id)
                #expect(made.map(\.name) == ["task"])

                try await discord.control(
                    "command",
                    #"{"user": "alice", "channel": "task-queue", "command": "task", "options": {"prompt": "hi"}, "wait": 0}"#)
                let command = try await events.next { if case .interaction(let interaction) = $0 { interaction } else { nil } }
                #expect(command.data.options == [.init(name: "prompt", value: .string("hi"))])
                try await rest.respond(to: command, with: .deferred(ephemeral: false))
                // Once more: it is there.
                let button = Component.row([.button(Button("Cancel", customID: "cancel:1:0"))])
                let answer = try await rest.editOriginal(of: command, to: MessageDraft(content: "task 1", components: [button]))
                #expect(answer.content == "task 1")
                _ = try await rest.followUp(command, with: MessageDraft(content: "more"))

                try await discord.control(
                    "click", #"{"user": "alice", "message": "\#(answer.id)", "button": "Cancel", "wait": 0}"#)
                let click = try await events.next { if case .interaction(let interaction) = $0 { interaction } else { nil } }
                #expect((click.kind, click.data.customID) == (.component, "cancel:1:0"))
                #expect(click.message?.id == answer.id)
                let field = TextInput(customID: "why", label: "Why", required: false, maximumLength: 100)
                try await rest.respond(to: click, with: .modal(customID: "sure:1", title: "Sure?", fields: [field]))
                try await discord.control("submit", #"{"interaction": "\#(click.id)", "fields": {"why": "so"}, "wait": 0}"#)
                let form = try await events.next { if case .interaction(let interaction) = $0 { interaction } else { nil } }
                #expect((form.kind, form.data.texts) == (.modal, ["why": "so"]))
                try await rest.respond(to: form, with: .update(MessageDraft(content: "stopped", components: [])))

                try await discord.control(
                    "autocomplete",
                    #"{"user": "alice", "channel": "task-queue", "command": "task", "focused": "pool", "text": "g", "wait": 0}"#
                )
                let typing = try await events.next { if case .interaction(let interaction) = $0 { interaction } else { nil } }
                #expect(typing.data.options.first { $0.focused }?.value == .string("g"))
                try await rest.respond(to: typing, with: .choices((0..<30).map { CommandChoice("gpu\($0)", "gpu\($0)") }))
            }
        }
    }

    /// Each way in which a request can go wrong, at each request that sends a message. Whatever it is, the message is there once.
    @Test(.timeLimit(.minutes(2))) func `a message is there once, whatever happens to the request`() async throws {
        let faults = [
            #""action": "cut""#, #""action": "cut", "done": true"#, #""action": "status", "status": 502"#,
            #""action": "status", "status": 500, "done": true"#, #""action": "html", "status": 503, "done": true"#,
            #""action": "garbage", "done": true"#, #""action": "rate_limit", "seconds": 0.3"#,
            #""action": "rate_limit", "seconds": 0.3, "scope": "shared""#,
            #""action": "rate_limit", "seconds": 0.3, "scope": "global""#,
            #""action": "cut", "done": true, "count": 3"#, #""action": "status", "status": 500, "count": 3"#,
        ]
        try await Standin.run { discord in
            // Discord has forgotten every nonce by the time that it is asked again.
            try await discord.control("settings", #"{"nonce_seconds": 0.001}"#)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, fault) in faults.enumerated() {
                    let channel = try await discord.newChannel("c\(number)")
                    try await discord.control(
                        "fault", "{\(fault), \"method\": \"POST\", \"path\": \"/channels/\(channel)/messages\"}")
                    group.addTask {
                        let draft = MessageDraft(content: "card \(number)", embeds: [Embed(title: "same")])
                        let message = try await discord.rest.createMessage(
                            draft, in: channel, nonce: Nonce(of: "\(number)"), priority: .card)
                        let there = try await discord.messages(in: "\(channel)")
                        #expect(there.map(\.id) == [message.id], "\(fault)")
                        // Somebody who knows only what was to be said finds it, too, and nothing else.
                        let begun = message.id.milliseconds
                        let found = try await discord.rest.ownMessage(
                            like: draft, nonce: Nonce(of: "\(number)"), in: channel, since: begun)
                        #expect(found?.id == message.id)
                        let other = try await discord.rest.ownMessage(
                            like: draft, nonce: Nonce(of: "x"), in: channel, since: begun)
                        #expect(other == nil)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// More than is allowed, all at once: nothing is refused, and what somebody waits for comes before the logs.
    @Test func `many messages at once stay within the limits`() async throws {
        try await Standin.run { discord in
            let create = #"{"method": "POST", "route": "/channels/{channel_id}/messages", "limit": 5, "window": 0.5}"#
            try await discord.control("limit", create)
            let channel = try await discord.newChannel("busy")
            let order = NIOLockedValueBox<[SendPriority]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<24 {
                    group.addTask {
                        let priority: SendPriority = number < 16 ? .log : .answer
                        _ = try await discord.rest.createMessage(
                            MessageDraft(content: "\(number)"), in: channel, nonce: Nonce(of: "\(number)"), priority: priority)
                        order.withLockedValue { $0.append(priority) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await discord.messages(in: "busy").count == 24)
            let answers = order.withLockedValue { $0.prefix(20).filter { $0 == .answer }.count }
            #expect(answers == 8, "\(order.withLockedValue { $0 })")
            struct Asked: Decodable { var status: Int? }
            let asked: [Asked] = try await discord.ask("requests")
            #expect(!asked.contains { $0.status == 429 })
        }
    }

    @Test func `what cannot be is said as what it is, without the token`() async throws {
        try await Standin.run(breaking: ["contract", "unknown_route"]) { discord in
            let rest = discord.rest
            let channel = try await discord.newChannel("odd")
            var said: [DiscordError] = []
            func failure(_ work: () async throws -> Void) async throws -> DiscordError {
                do {
                    try await work()
                } catch let error as DiscordError {
                    said.append(error)
                    return error
                }
                throw DiscordError.refused("nothing failed")
            }
            let long = try await failure {
                _ = try await rest.createMessage(
                    MessageDraft(content: String(repeating: "x", count: 2001)), in: channel, nonce: Nonce(of: "l"),
                    priority: .card)
            }
            guard case .invalid(let refusal) = long else { throw long }
            #expect(refusal.code == 50035)
            #expect(refusal.message.contains("content"))
            let nowhere = try await failure { _ = try await rest.channel(Snowflake(1)) }
            #expect(nowhere == .notFound(.init(status: 404, code: 10003, message: "Unknown Channel")))
            try await discord.control("overwrite", #"{"channel": "odd", "role": "@everyone", "deny": ["VIEW_CHANNEL"]}"#)
            let shut = try await failure { _ = try await rest.messages(in: channel, before: nil, limit: 1) }
            guard case .forbidden = shut else { throw shut }
            let file = Attachment(id: Snowflake(1), filename: "f", size: 10, url: "http://127.0.0.1:1/attachments/f")
            let elsewhere = try await failure { _ = try await rest.download(file, atMost: 100) }
            guard case .refused = elsewhere else { throw elsewhere }
            try await discord.control(
                "fault", #"{"action": "redirect", "location": "http://127.0.0.1:1/", "path": "/users/@me"}"#)
            let redirected = try await failure { _ = try await rest.currentUser() }
            guard case .unavailable = redirected else { throw redirected }
            #expect(!said.contains { "\($0)".contains(discord.addresses.token) })
        }
    }

    @Test func `a file is fetched whole, from where it is, or not at all`() async throws {
        try await Standin.run { discord in
            let channel = try await discord.newChannel("files")
            let text = #", "files": [{"name": "a.txt", "text": "0123456789"}]"#
            let id = try await discord.say("a file", in: "files", more: text)
            let file = try #require(try await discord.rest.message(id, in: channel).attachments.first)
            #expect(try await discord.rest.download(file, atMost: 10) == Array("0123456789".utf8))
            await #expect(throws: DiscordError.self) { try await discord.rest.download(file, atMost: 9) }
            for action in ["garbage", "redirect", "status", "cut"] {
                try await discord.control(
                    "fault",
                    #"{"where": "cdn", "action": "\#(action)", "status": 404, "done": true, "location": "http://127.0.0.1:1/"}"#
                )
                let result = await Result { try await discord.rest.download(file, atMost: 10) }
                switch (action, result) {
                case ("cut", .success(let bytes)): #expect(bytes.count == 10)
                case (_, .failure(let error as DiscordError)): #expect(!error.isPassing, "\(error)")
                default: Issue.record("\(action): \(result)")
                }
            }
        }
    }

    @Test func `the token goes only where there is no doubt`() throws {
        for wrong in [
            "http://discord.com/api/v10", "https://user@discord.com/api", "ftp://discord.com", "discord.com", "https://",
            "https:///x",
            "https://discord.com\\@evil.org/", "https://discord.com/#x", "https://d\u{E9}.com", "https://discord.com:0/",
            "https://a b/",
            "https://discord.com:65536/", "https://discord.com/?x", "https://[::1", "http://127.0.0.1.evil.org/",
        ] {
            #expect(throws: DiscordError.self, "\(wrong)") { try DiscordPlaces(api: wrong) }
        }
        let discord = try DiscordPlaces()
        for (given, address) in [
            "wss://gateway.discord.gg": "wss://gateway.discord.gg/?v=10&encoding=json",
            "wss://gateway-us-east1-b.discord.gg/?v=9": "wss://gateway-us-east1-b.discord.gg/?v=10&encoding=json",
            "ws://gateway.discord.gg": nil, "wss://discord.gg.evil.org": nil, "wss://evildiscord.gg": nil,
            "https://gateway.discord.gg": nil,
            "wss://evil.org": nil,
        ] { #expect(discord.gateway(given)?.description == address, "\(given)") }
        let local = try DiscordPlaces(api: "http://[::1]:8080/api/v10/")
        #expect(local.api.description == "http://[::1]:8080/api/v10")
        #expect(local.gateway("ws://[::1]:8080/gateway")?.description == "ws://[::1]:8080/gateway?v=10&encoding=json")
        #expect(local.gateway("wss://gateway.discord.gg") == nil)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ work: () async throws -> Success) async {
        do {
            self = .success(try await work())
        } catch {
            self = .failure(error)
        }
    }
}
