import ArgumentParser
import Engine
import Scheduling

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether the configuration is valid, and what is wrong with it.",
        discussion: """
            Every fault is named with its file, line and key. Exits with 0 if there is none, with 78 otherwise.

            EXAMPLES
              orchd check
              orchd check --config ./orchd.toml
            """)

    @Option(
        help: ArgumentHelp(
            "The configuration file; pools.d and agents are beside it. Your own if you have one, else that of the system.",
            valueName: "file"))
    var config: String?

    func run() throws {
        let config = config ?? ConfigurationPlace.user ?? ConfigurationPlace.system
        do {
            let configuration = try Configuration.load(config)
            let pools = configuration.pools.map { "\($0.settings.name) (\($0.settings.slots))" }.joined(separator: ", ")
            print("\(config) is valid: pools \(pools.isEmpty ? "none" : pools); agents \(agents(of: configuration))")
        } catch {
            throw fail(error, status: configurationStatus)
        }
    }

    private func agents(of configuration: Configuration) -> String {
        (["command"] + configuration.agents.keys.sorted()).joined(separator: ", ")
    }
}
