import NIOConcurrencyHelpers
import Testing

@testable import DiscordAPI

@Suite(.serialized) struct GatewayTests {
    @Test func `it logs in, and tells what happens`() async throws {
        try await Standin.run { discord in
            try await Ear().listen(to: discord.gateway()) { events in
                let ready = try await events.next { if case .ready(let ready) = $0 { ready } else { nil } }
                #expect(ready.applicationID == discord.addresses.application)
                let guild = try await events.next { if case .guildCreated(let guild) = $0 { guild } else { nil } }
                #expect(ready.guilds == [guild.id])
                let queue = try #require(guild.channels.first { $0.name == "task-queue" })
                #expect(guild.roles.contains { $0.name == "operators" })

                let id = try await discord.say("hello ümläut 🐙", in: "task-queue")
                let message = try await events.next { if case .messageCreated(let message) = $0 { message } else { nil } }
                #expect((message.id, message.content, message.channelID) == (id, "hello ümläut 🐙", queue.id))
                #expect(message.author.username == "alice")
                #expect(message.member != nil)

                try await discord.control("edit", #"{"user": "alice", "message": "\#(id)", "content": "other"}"#)
                let change = try await events.next { if case .messageUpdated(let change) = $0 { change } else { nil } }
                #expect((change.id, change.content) == (id, "other"))
                #expect(change.editedAt != nil)

                try await discord.control("delete", #"{"user": "alice", "message": "\#(id)"}"#)
                let gone = try await events.next { if case .messagesDeleted(let ids, _) = $0 { ids } else { nil } }
                #expect(gone == [id])
            }
        }
    }

    /// Everything that can go wrong with a connection, one after the other. Whatever it is, each message is told once, in order, and the bot has
    /// logged in once.
    @Test(.timeLimit(.minutes(2))) func `after a lost connection it goes on where it was`() async throws {
        let notes = NIOLockedValueBox<[String]>([])
        try await Standin.run(["--set", "heartbeat_interval=2.5"]) { discord in
            let gateway = discord.gateway { note in notes.withLockedValue { $0.append(note) } }
            try await Ear().listen(to: gateway) { events in
                _ = try await events.next { if case .guildCreated = $0 { true } else { nil } }
                let troubles = [
                    #"{"action": "drop"}"#, #"{"action": "close", "code": 4000}"#, #"{"action": "close", "code": 1001}"#,
                    #"{"action": "reconnect"}"#, #"{"action": "invalid_session", "resumable": true}"#,
                    #"{"action": "malformed"}"#,
                    #"{"action": "lose", "events": 1}"#, #"{"action": "duplicate", "events": 2}"#,
                    #"{"action": "fragment", "size": 126}"#, #"{"action": "heartbeat"}"#,
                ]
                for (number, trouble) in troubles.enumerated() {
                    try await discord.control("gateway", trouble)
                    for half in ["a", "b"] { _ = try await discord.say("\(number)\(half)") }
                    for half in ["a", "b"] {
                        let message = try await events.next { event throws in
                            if case .ready = event {
                                throw Unexpected(what: "a new session after \(trouble): \(notes.withLockedValue { $0 })")
                            }
                            return if case .messageCreated(let message) = event { message } else { nil }
                        }
                        #expect(message.content == "\(number)\(half)", "after \(trouble)")
                    }
                }
            }
            struct Note: Decodable { var what: String }
            struct Log: Decodable { struct Journal: Decodable { var gateway: [Note] }; var journal: Journal }
            let log: Log = try await discord.ask("dump")
            #expect(log.journal.gateway.filter { $0.what == "identify" }.count == 1)
            #expect(log.journal.gateway.filter { $0.what == "resumed" }.count >= 6)
            let told = notes.withLockedValue { $0.joined(separator: "\n") }
            #expect(!told.contains(discord.addresses.token))
        }
    }

    private struct Unexpected: Error { var what: String }

    @Test func `a session that is gone is followed by another, and says so`() async throws {
        try await Standin.run { discord in
            try await Ear().listen(to: discord.gateway()) { events in
                _ = try await events.next { if case .guildCreated = $0 { true } else { nil } }
                try await discord.control("gateway", #"{"action": "expire"}"#)
                try await discord.control("gateway", #"{"action": "refuse", "connections": 1}"#)
                try await discord.control("gateway", #"{"action": "drop"}"#)
                _ = try await events.next { if case .ready = $0 { true } else { nil } }
                _ = try await discord.say("after")
                let message = try await events.next { if case .messageCreated(let message) = $0 { message } else { nil } }
                #expect(message.content == "after")
            }
        }
    }

    @Test func `a token that is not taken ends it, and so does an intent that is not allowed`() async throws {
        try await Standin.run(["--set", "granted_intents=0"], breaking: ["intents", "gateway_protocol", "unauthorized"]) {
            discord in
            await #expect(throws: GatewayError.intentsNotAllowed) {
                try await Ear().listen(to: discord.gateway()) { _ = await $0.next() }
            }
            try await discord.control("settings", #"{"granted_intents": 32768}"#)
            await #expect(throws: GatewayError.unauthorized) {
                try await Ear().listen(to: discord.gateway()) { events in
                    _ = try await events.next { if case .ready = $0 { true } else { nil } }
                    try await discord.control("reset_token")
                    while await events.next() != nil {}
                }
            }
            // Not even asked: the REST API has said so before.
            await #expect(throws: GatewayError.unauthorized) { try await discord.gateway().run { _ in } }
            await #expect(throws: DiscordError.unauthorized) { try await discord.rest.currentUser() }
        }
    }

    @Test func `a session that cannot be written down is not begun`() async throws {
        struct Full: GatewayMemory {
            struct NoSpace: Error {}
            let asked: AsyncStream<Void>.Continuation

            func starts() async -> [Int64] { [] }
            func keep(starts: [Int64]) async throws {
                asked.yield()
                throw NoSpace()
            }
        }
        try await Standin.run { discord in
            let (asked, asking) = AsyncStream.makeStream(of: Void.self)
            try await Ear().listen(to: discord.gateway(memory: Full(asked: asking))) { _ in
                var asked = asked.makeAsyncIterator()
                _ = await asked.next()
                _ = await asked.next()
            }
            struct Note: Decodable { var what: String }
            struct Log: Decodable { struct Journal: Decodable { var gateway: [Note] }; var journal: Journal }
            let log: Log = try await discord.ask("dump")
            #expect(!log.journal.gateway.contains { $0.what == "identify" })
        }
    }
}
