import Agents
import Foundation
import Glibc
import Platform
import Scheduling
import Testing
import Text

@testable import DaemonConfiguration

/// The environment of `orchd run`.
@Suite struct ForegroundVariablesTests {
    /// Root's tasks would be root, whatever their pool says.
    @Test(.enabled(if: geteuid() == 0)) func rootDoesNotPassOverTheUserOfAPool() throws {
        for (user, isRefused) in [("nobody", true), ("submitter", true), ("root", false)] {
            let files = try ConfigurationFiles(["orchd.toml": "", "pools.d/p.toml": "slots = 1\nuser = \"\(user)\"\n"])
            let made = Result { try Configuration.foreground(files.directory + "/orchd.toml") }
            switch made {
            case .success: #expect(!isRefused, "\(user)")
            case .failure(let error): #expect(isRefused && "\(error)".contains("as root"), "\(error)")
            }
        }
    }

    @Test func readsWhatTheOldScriptsRead() throws {
        let variables = try ForegroundVariables(
            Environment([
                "WORKERS": "5", "POLL_INTERVAL": "0.5", "MAX_IDLE_TIME": "5m", "OPENCLAW_BIN": "/bin/sh",
                "DISCORD_CHANNEL": "1",
            ]))
        #expect(variables.workers == 5)
        #expect(variables.pollInterval == "0.5")
        #expect(variables.maxIdle == 300_000)
        #expect(variables.openclaw == "/bin/sh")
        #expect(variables.discordChannel == "1")
        #expect(try ForegroundVariables(Environment(["POLL_INTERVAL": "5", "PATH": "/nowhere"])).pollInterval == "5")
        #expect(try ForegroundVariables(Environment(["PATH": "/nowhere"])) == ForegroundVariables())
    }

    @Test(arguments: [
        ("WORKERS", "many"), ("WORKERS", "-1"), ("WORKERS", "10001"), ("POLL_INTERVAL", "soon"),
        ("POLL_INTERVAL", "0"), ("POLL_INTERVAL", "-5"), ("MAX_IDLE_TIME", "1e9d"),
        ("OPENCLAW_BIN", "/etc/passwd"), ("OPENCLAW_BIN", "no-such-program"), ("OPENCLAW_BIN", "/"),
    ]) func aBadValueNamesItsVariable(_ name: String, _ value: String) {
        let error = #expect(throws: StartError.self) { try ForegroundVariables(Environment([name: value])) }
        #expect(error?.description.contains(name) == true)
    }

    /// An empty one is one that is not set, and blanks around a number are no part of it.
    @Test(arguments: ["WORKERS", "POLL_INTERVAL", "MAX_IDLE_TIME", "OPENCLAW_BIN", "DISCORD_CHANNEL"])
    func anEmptyVariableIsNotSet(_ name: String) throws {
        let none = try ForegroundVariables(Environment(["PATH": "/nowhere"]))
        #expect(try ForegroundVariables(Environment([name: "", "PATH": "/nowhere"])) == none)
        guard ["WORKERS", "POLL_INTERVAL", "MAX_IDLE_TIME"].contains(name) else { return }
        #expect(
            try ForegroundVariables(Environment([name: " 2\t\n", "PATH": ""]))
                == ForegroundVariables(Environment([name: "2", "PATH": ""])))
    }

    @Test func openclawTakesThePromptsOfTheDefaultPool() throws {
        let variables = try ForegroundVariables(Environment(["OPENCLAW_BIN": "sh", "PATH": "/nowhere:/bin"]))
        let configuration = try Configuration.foreground(workers: 4, variables: variables)
        #expect(configuration.pools.map(\.settings.slots) == [4])
        let agent = try #require(configuration.pool("default")?.settings.agent.flatMap { configuration.agents[$0] })
        #expect(agent.name == "openclaw" && agent.program == "/bin/sh" && agent.versionArguments == ["/bin/sh", "--version"])
        #expect(agent.arguments.dropFirst().prefix(2) == [.single("agent"), .single("exec")])
        #expect(try Configuration.foreground(workers: 4).pools.map(\.settings.agent) == [nil])
    }

    @Test func filesSayMoreOfWarmWorkersThanVariables() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "orchd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory.appending(path: "pools.d"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "orchd.toml")
        try Data().write(to: file)
        let warm = "kind = \"warm\"\ncommand = [\"worker\"]\n"
        try Data(warm.utf8).write(to: directory.appending(path: "pools.d/a.toml"))
        try Data((warm + "max_idle = \"1h\"\n").utf8).write(to: directory.appending(path: "pools.d/b.toml"))
        try Data("slots = 1\n".utf8).write(to: directory.appending(path: "pools.d/c.toml"))

        let plain = try Configuration.load(file.path)
        #expect(plain.pools.map(\.settings.warm?.maxIdle) == [300_000, 3_600_000, nil])
        let variables = try ForegroundVariables(Environment(["MAX_IDLE_TIME": "60", "POLL_INTERVAL": "2s"]))
        let told = try Configuration.load(file.path, variables: variables)
        #expect(told.pools.map(\.settings.warm?.maxIdle) == [60_000, 3_600_000, nil])
        #expect(told.pools.map { $0.environment["ORCH_POLL_INTERVAL"] } == ["2", "2", nil])
    }
}
