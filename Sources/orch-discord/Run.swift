import ArgumentParser
import DiscordAPI
import DiscordBridge
import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Platform
import Settings
import Systemd
import Text

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the bridge, until SIGTERM or Ctrl-C.",
        discussion: """
            It may be stopped and started again at any moment: its state directory has everything that it must do. It exits \
            with 78 if a person must do something first, such as fix the configuration or make a new token.
            """)

    @OptionGroup var surroundings: Surroundings
    @Option(
        help: ArgumentHelp(
            "The state directory of the bridge; by default the service's, or ~/.local/state/orch-discord.",
            valueName: "dir"))
    var stateDir: String?

    @Option(
        help: ArgumentHelp(
            "The channel whose messages are tasks. Without --config it needs no configuration.", valueName: "id"))
    var channel: String?
    @Option(
        help: ArgumentHelp("The file with the token of the bot, instead of the one in the configuration.", valueName: "file"))
    var tokenFile: String?
    @Option(help: ArgumentHelp("The socket of the daemon, instead of the one in the configuration.", valueName: "path"))
    var socket: String?
    @Option(help: ArgumentHelp("Where the API of Discord is; for tests.", visibility: .hidden))
    var api: String?

    /// What the options say counts more than the file.
    private func load() throws -> BridgeConfiguration {
        var configuration: BridgeConfiguration
        if let channel {
            guard let id = Snowflake(channel), id.rawValue > 0 else {
                throw fail(
                    Problem("--channel \(SafeText.line(channel)) is not one of Discord's numbers, such as 1024553789043458048"),
                    status: configurationStatus)
            }
            if surroundings.config == nil {
                configuration = BridgeConfiguration(channel: id)
            } else {
                let (loaded, path) = try surroundings.load()
                guard loaded.channel(id) != nil else {
                    throw fail(Problem("\(path) has no [[channel]] with the id \(id)"), status: configurationStatus)
                }
                configuration = loaded
            }
        } else {
            configuration = try surroundings.load().configuration
        }
        if let tokenFile { configuration.tokenFile = tokenFile }
        if let socket { configuration.socket = socket }
        if let api {
            guard BridgeConfiguration.isSafe(api: api) else {
                throw fail(Problem("--api must begin with https://"), status: configurationStatus)
            }
            configuration.api = api
        }
        return configuration
    }

    func run() async throws {
        let configuration = try load()
        do {
            let token = try configuration.token()
            let store = try BridgeStore(path: stateDirectory() + "/bridge.db")
            let network = try configuration.network
            let rest = RESTClient(network, token: token, version: Release.version)
            let signals = Signals()
            let stream = signals.stream
            let end: Result<Void, any Error>
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { for await _ in stream { return } }
                    group.addTask { try await Self.live(configuration, store, network, rest, token) }
                    // Whichever is first ends the other: a signal, or a reason to give up.
                    _ = try await group.next()
                    group.cancelAll()
                }
                end = .success(())
            } catch {
                end = .failure(error)
            }
            // Also after a failure: an HTTP client that nobody has closed ends the program its own way.
            signals.end()
            ServiceManager.stopping(status: "stopping")
            await rest.close()
            await network.close()
            try store.close()
            try end.get()
        } catch let error as BridgeStore.Unusable {
            throw fail(error, status: configurationStatus)
        } catch let error as NotText {
            throw fail(error, status: configurationStatus)
        } catch let error as Problem {
            throw fail(error, status: configurationStatus)
        } catch let error as GatewayError where error != .cancelled {
            throw fail(error, status: configurationStatus)
        } catch let error as DiscordError {
            throw fail(error, status: error == .unauthorized ? configurationStatus : 1)
        }
    }

    private static func live(
        _ configuration: BridgeConfiguration, _ store: BridgeStore, _ network: DiscordNetwork, _ rest: RESTClient,
        _ token: BotToken
    ) async throws {
        let me = try await account(rest)
        var configuration = configuration
        if configuration.authorizer.rules.isEmpty, let channel = configuration.channels.first?.id,
            configuration.guild.rawValue == 0
        {
            configuration.settle(in: try await guild(of: channel, rest))
        }
        let socket = try configuration.daemonSocket
        let life = BridgeLife(configuration, store: store, rest: rest, bot: me.id, socket: socket) { trouble in
            printError("the store cannot be written, and events wait: \(trouble)")
        }
        let follow = try Follow(path: socket, after: try await life.lastEvent())
        let gateway = Gateway(
            network, rest: rest, token: token, intents: [.guilds, .guildMessages, .messageContent], memory: store
        ) { note in printError(note) }
        ServiceManager.ready(status: "the bridge of \(me.username)")
        printError("\(me.username) (\(me.id)) is the bot; the daemon is at \(socket)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await updates in follow {
                    for case .disconnected(let reason) in updates {
                        printError("the daemon is away, and messages wait: \(reason)")
                    }
                    for case .connected in updates { printError("the daemon answers") }
                    await life.take(updates)
                }
            }
            group.addTask {
                try await gateway.run { event in
                    if case .ready = event { printError("Discord's gateway has begun a new session") }
                    await life.take(event)
                }
            }
            _ = try await group.next()
            group.cancelAll()
        }
    }

    /// The server of a channel.
    private static func guild(of channel: Snowflake, _ rest: RESTClient) async throws -> Snowflake {
        let place: Channel
        do throws(DiscordError) {
            place = try await rest.channel(channel)
        } catch {
            guard !error.isPassing, error != .unauthorized else { throw error }
            throw Problem(
                "the bot cannot see the channel \(channel) (\(error)): check the number, and invite the bot (orch-discord setup)"
            )
        }
        guard let guild = place.guildID, place.kind == .text else {
            throw Problem("\(channel) is not a text channel of a server")
        }
        return guild
    }

    /// Who the bot is. Where Discord cannot be reached, it waits: nothing can be shown meanwhile, and nothing is lost.
    private static func account(_ rest: RESTClient) async throws -> User {
        var pause = 1
        while true {
            do throws(DiscordError) {
                return try await rest.currentUser()
            } catch {
                guard error.isPassing else { throw error }
                printError("\(error)")
            }
            try await Task.sleep(for: .seconds(pause))
            pause = min(pause * 2, 60)
        }
    }

    private func stateDirectory() throws -> String {
        let own = try Places().home.map { $0 + "/.local/state/orch-discord" }
        guard let directory = try stateDir ?? Environment.own.name(.serviceState) ?? own else {
            throw Problem("there is no home directory for the state: name a directory with --state-dir")
        }
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Problem("cannot make the state directory \(directory): check that its parent belongs to you")
        }
        return directory
    }
}

/// The signals that end the program.
private final class Signals {
    let stream: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    func end() { sources.forEach { $0.cancel() } }

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { @Sendable in continuation.yield(number) }
            source.resume()
            return source
        }
    }
}
