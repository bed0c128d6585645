import Foundation
import NIOHTTP1
import Testing

@testable import DiscordAPI

/// The stand-in of Discord (`Tests/System/Discord`), as a process of its own.
final class Standin: Sendable {
    struct Addresses: Decodable, Sendable {
        var api: String
        var gateway: String
        var cdn: String
        var control: String
        var token: String
        var application: Snowflake
    }

    let addresses: Addresses
    let network: DiscordNetwork
    let token: BotToken
    let rest: RESTClient
    private let web: WebClient
    private let input: Pipe

    /// Runs a test with a stand-in of its own, and holds both sides to the rules afterwards. Where there is none to be had, says so and passes.
    static func run(
        _ arguments: [String] = [], authorities: String? = nil, breaking: Set<String> = [],
        _ body: (Standin) async throws -> Void
    ) async throws {
        guard let standin = try await start(arguments, authorities: authorities) else {
            print("##########################################################################################")
            print("## DISCORD'S API WAS NOT TESTED: there is no stand-in of Discord (Tests/System/Discord/run).")
            print("##########################################################################################")
            return
        }
        do {
            try await body(standin)
            let violations: [Violation] = try await standin.ask("violations")
            #expect(violations.filter { !breaking.contains($0.kind) } == [])
            let faults: [String] = try await standin.ask("own_faults")
            #expect(faults == [])
        } catch {
            await standin.stop()
            throw error
        }
        await standin.stop()
    }

    struct Violation: Decodable, Hashable { var kind, detail: String }

    private static func start(_ arguments: [String], authorities: String?) async throws -> Standin? {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../System/Discord/run").standardizedFileURL
        let (process, input) = (Process(), Pipe())
        process.executableURL = script
        // It ends with its standard input, also where this process dies.
        process.arguments = ["--serve", "--attended"] + arguments
        process.standardInput = input
        // A child that held the end that is written to would never see it end.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Reading blocks, which a thread may and a task must not.
        let line: Data = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var line = Data()
                while !line.contains(UInt8(ascii: "\n")) {
                    let more = output.fileHandleForReading.availableData
                    guard !more.isEmpty else { break }
                    line += more
                }
                continuation.resume(returning: line)
            }
        }
        guard let addresses = try? JSONDecoder().decode(Addresses.self, from: line) else {
            process.waitUntilExit()
            try #require(process.terminationStatus == 77, "the stand-in said: \(String(decoding: line, as: UTF8.self))")
            return nil
        }
        let places = try DiscordPlaces(api: addresses.api, files: addresses.cdn, authorities: authorities)
        let network = try DiscordNetwork(places)
        return Standin(addresses, try #require(BotToken(addresses.token)), network, input)
    }

    private init(_ addresses: Addresses, _ token: BotToken, _ network: DiscordNetwork, _ input: Pipe) {
        self.addresses = addresses
        self.network = network
        self.input = input
        web = WebClient(network)
        self.token = token
        rest = RESTClient(network, token: token, version: "0")
    }

    private func stop() async {
        try? input.fileHandleForWriting.close()
        await rest.close()
        await web.close()
        await network.close()
    }

    func gateway(
        intents: Intents = [.guilds, .guildMessages, .messageContent], memory: any GatewayMemory = NoMemory(),
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) -> Gateway {
        Gateway(network, rest: rest, token: token, intents: intents, memory: memory, backoff: 20, note: note)
    }

    /// Pulls a string of the stand-in.
    @discardableResult func control(_ verb: String, _ arguments: String = "{}") async throws -> [UInt8] {
        let answer = try await web.exchange(
            .POST, "\(addresses.control)/\(verb)", headers: ["Content-Type": "application/json"], body: Array(arguments.utf8),
            seconds: 30, atMost: 32 << 20
        ).get()
        try #require(answer.status == 200, "\(verb) \(arguments): \(String(decoding: answer.body, as: UTF8.self))")
        return answer.body
    }

    func ask<Value: Decodable>(_ verb: String, _ arguments: String = "{}") async throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(try await control(verb, arguments)))
    }

    struct Made: Decodable { var id: Snowflake }

    func say(_ text: String, in channel: String = "task-queue", more: String = "") async throws -> Snowflake {
        let made: Made = try await ask("say", #"{"user": "alice", "channel": "\#(channel)", "content": "\#(text)"\#(more)}"#)
        return made.id
    }

    func messages(in channel: String) async throws -> [Message] { try await ask("messages", #"{"channel": "\#(channel)"}"#) }

    /// The message of a channel that says this, as soon as there is one.
    func untilMessage(in channel: String, says text: String) async throws -> Message {
        struct Found: Decodable { var messages: [Message] }
        let found: Found = try await ask("wait_message", #"{"channel": "\#(channel)", "contains": "\#(text)"}"#)
        return try #require(found.messages.first)
    }

    /// A channel of its own.
    func newChannel(_ name: String) async throws -> Snowflake {
        let made: Made = try await ask("channel", #"{"name": "\#(name)"}"#)
        return made.id
    }
}

struct NoMemory: GatewayMemory {
    func starts() async -> [Int64] { [] }
    func keep(starts: [Int64]) async throws {}
}

/// What a gateway tells, as it comes.
struct Ear: Sendable {
    private let events: AsyncStream<GatewayEvent>
    private let take: AsyncStream<GatewayEvent>.Continuation

    init() { (events, take) = AsyncStream.makeStream() }

    /// Listens while `body` runs. What the gateway itself ends with is thrown.
    func listen(
        to gateway: Gateway, while body: @escaping @Sendable (inout AsyncStream<GatewayEvent>.Iterator) async throws -> Void
    )
        async throws
    {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [take] in try await gateway.run { take.yield($0) } }
            group.addTask { [events] in
                var iterator = events.makeAsyncIterator()
                try await body(&iterator)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

extension AsyncStream<GatewayEvent>.Iterator {
    /// The next event that is of a kind.
    mutating func next<Value>(_ kind: (GatewayEvent) throws -> Value?) async throws -> Value {
        while let event = await next() {
            if let value = try kind(event) { return value }
        }
        throw CancellationError()
    }
}
