import ArgumentParser
import OrchProtocol
import Presentation

struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start no more tasks; running tasks continue.",
        discussion: """
            Examples:
              orchctl drain
              orchctl drain && orchctl stop --daemon
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.drain) { $0.line }
    }
}

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the daemon read its configuration again.",
        discussion: """
            Running tasks are not affected. An invalid configuration is refused as a whole.

            Examples:
              orchctl reload
              orchd check && orchctl reload
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.reload) { result in
            if result.changes.isEmpty { return "nothing is different\n" }
            return result.changes.map { SafeText.line($0) + "\n" }.joined()
        }
    }
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the versions of orchctl and of the daemon.",
        discussion: """
            orchctl --version needs no daemon.

            Examples:
              orchctl version
              orchctl version --json | jq .protocol
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        if !global.json { try Output.print(line("orchctl", VersionInfo(version: Release.version, protocol: Wire.version))) }
        let client = try Client(global)
        try client.show(.version) { line("orchd  ", $0) }
        client.remarkOthers(global)
    }

    private func line(_ name: String, _ info: VersionInfo) -> String {
        "\(name) \(SafeText.line(info.version)), protocol \(info.protocol)\n"
    }
}
