import ArgumentParser
import DiscordAPI
import DiscordBridge
import Foundation
import Glibc
import OrchClient
import Platform
import Settings

/// What all verbs take.
struct Surroundings: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration file; by default your own if it exists, else the system's.", valueName: "file"))
    var config: String?

    /// The configuration, and where it is.
    ///
    /// - Throws: `ExitCode` 78 for one that is not valid, after it has said why.
    func load() throws -> (configuration: BridgeConfiguration, path: String) {
        do {
            let path = try config ?? Self.usualPath()
            return (try BridgeConfiguration.load(path), path)
        } catch {
            throw fail(error, status: configurationStatus)
        }
    }

    private static func usualPath() throws -> String {
        let own = try Places().configurationDirectory.map { $0 + "/discord.toml" }
        if let own, access(own, F_OK) == 0 { return own }
        return "/etc/orchd/discord.toml"
    }
}

/// EX_CONFIG of sysexits.h: the next start would end the same way, so a service manager need not try.
let configurationStatus: Int32 = 78

func printError(_ text: String) { _ = DescriptorWriter.write(Array("orch-discord: \(text)\n".utf8), to: STDERR_FILENO) }

/// Ends the program, with the reason on standard error.
func fail(_ error: any Error, status: Int32 = 1) -> ExitCode {
    printError("\(error)")
    return ExitCode(status)
}

/// What a person did wrong, or the machine does not have, in a sentence that says what to do.
struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension BridgeConfiguration {
    /// The bot's token, from its file or from what systemd hands over. It is in no argument and no variable, which others can see.
    func token() throws -> BotToken {
        let credential = try Environment.own.name(.credentials).map { $0 + "/discord-token" }
        guard let path = tokenFile ?? credential else {
            throw Problem("there is no token: set token_file; for the service, \(Self.howToGiveIt)")
        }
        var status = stat()
        if tokenFile == nil, access(path, F_OK) != 0 { throw Problem("there is no token: \(Self.howToGiveIt)") }
        guard stat(path, &status) == 0, let data = FileManager.default.contents(atPath: path) else {
            throw Problem("cannot read the token from \(path): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & 0o077 == 0 || tokenFile == nil else {
            throw Problem("\(path) can be read by others: chmod 600 \(path)")
        }
        guard let token = BotToken(String(decoding: data, as: UTF8.self)) else {
            throw Problem("\(path) has no token: write the line from Discord's developer portal into it")
        }
        return token
    }

    private static let howToGiveIt =
        "put it into /etc/credstore/discord-token, which only root can read, and start the service again"

    var network: DiscordNetwork {
        get throws { try DiscordNetwork(DiscordPlaces(api: api, files: files, authorities: caFile)) }
    }

    var daemonSocket: String { get throws { try SocketPath.choose(socket) } }
}
