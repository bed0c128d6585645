import Foundation
import Glibc
import OrchProtocol
import TestSupport
import Testing

/// `orchd run` with `DISCORD_CHANNEL` and `DISCORD_TOKEN_FILE`. That the bridge does its work is tested with a stand-in of Discord.
@Suite(.onThreads) struct BridgeKeeperTests {
    /// A configuration with a Discord that nobody can reach.
    private func directory(api: String = "http://127.0.0.1:9/api") throws -> Directory {
        let directory = try Directory()
        try directory.write("a.b.c\n", to: "token")
        chmod(directory.file("token"), 0o600)
        let bridge = """
            [discord]
            guild = "1"
            api = "\(api)"
            [[channel]]
            id = "42"
            """
        try directory.write(bridge, to: "discord.toml")
        return directory
    }

    private func daemon(_ directory: Directory, _ more: [String: String] = [:]) throws -> Daemon {
        let environment = ["DISCORD_CHANNEL": "42", "DISCORD_TOKEN_FILE": directory.file("token")].merging(more) { $1 }
        return try Daemon(pool: "slots = 1\n", environment: environment, directory: directory)
    }

    private func bridge(of daemon: Daemon) throws -> pid_t {
        try eventually("the bridge") {
            children(of: daemon.launcher.pid).first { contents("/proc/\($0)/comm") == "orch-discord\n" && isAlive($0) }
        }
    }

    @Test func itIsStartedAgainAndEndsWithTheRest() throws {
        let daemon = try daemon(directory())
        let first = try bridge(of: daemon)
        let arguments = contents("/proc/\(first)/cmdline") ?? ""
        #expect(arguments.contains("--token-file") && !arguments.contains("a.b.c"))
        #expect(contents("/proc/\(first)/environ")?.contains("a.b.c") == false)
        kill(first, SIGKILL)
        try eventually("another bridge") { try bridge(of: daemon) != first }
        #expect(daemon.log.contains("the bridge to Discord has failed (status 137), and is started again in 1 second"))
        // Tasks have nothing of it, and know nothing of a failure.
        let id = try daemon.shell("env; ls -l /proc/self/fd")
        #expect(try daemon.end(of: id).state == .succeeded)
        #expect(try !daemon.orchctl("logs", String(id)).output.contains("token"))
        // This user may ask for others now.
        #expect(try daemon.orchctl("submit", "--subject", "discord:1", "--", "true").status == 0)
        try daemon.finish()
    }

    @Test func whatAPersonMustCorrectIsSaidOnce() throws {
        let directory = try directory()
        try directory.write("[discord]\nguild = 1\n", to: "discord.toml")
        let daemon = try daemon(directory)
        try eventually("the word about it") { daemon.log.contains("has ended, and says why") }
        #expect(daemon.log.contains("discord.toml:2: guild must be"), "\(daemon.log)")
        #expect(try daemon.orchctl("run", "--", "true").status == 0)
        #expect(daemon.log.components(separatedBy: "discord.toml:2: guild must be").count == 2)
        try daemon.finish()
    }

    @Test func aChannelThatTheConfigurationDoesNotHaveIsSaid() throws {
        let directory = try directory()
        let daemon = try daemon(directory, ["DISCORD_CHANNEL": "43"])
        try eventually("the word about it") { daemon.log.contains("has no [[channel]] with the id 43") }
        try daemon.finish()
    }

    @Test func whatCannotBeIsAnErrorAtTheStart() throws {
        let directory = try directory()
        try directory.write("a.b.c\n", to: "open")
        chmod(directory.file("open"), 0o644)
        for (variables, complaint) in [
            (["DISCORD_CHANNEL": "general"], "DISCORD_CHANNEL must be the number of a channel"),
            (["DISCORD_CHANNEL": "0"], "DISCORD_CHANNEL must be the number of a channel"),
            (["DISCORD_CHANNEL": "-5"], "DISCORD_CHANNEL must be the number of a channel"),
            (["DISCORD_TOKEN_FILE": "/no/such/file"], "/no/such/file, which cannot be read: No such file or directory"),
            (["DISCORD_TOKEN_FILE": directory.file("open")], "can be read by others: chmod 600"),
        ] {
            do {
                try daemon(directory, variables).finish()
                Issue.record("it runs with \(variables)")
            } catch let error as Daemon.NotStarted {
                #expect(error.status == 1 && error.message.contains(complaint), "\(error)")
            }
        }
        // One without the other is only a remark.
        for name in ["DISCORD_CHANNEL", "DISCORD_TOKEN_FILE"] {
            let daemon = try daemon(directory, [name: ""])
            #expect(daemon.log.contains("has no effect without \(name)"), "\(daemon.log)")
            try daemon.finish()
        }
    }
}
