import ArgumentParser
import OrchProtocol
import Presentation

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
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
        try client.show(.version, as: VersionInfo.self) { line("orchd  ", $0) }
        client.remarkOthers(global)
    }

    private func line(_ name: String, _ info: VersionInfo) -> String {
        "\(name) \(SafeText.line(info.version)), protocol \(info.protocol)\n"
    }
}
