import ArgumentParser
import DiscordBridge

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say whether the configuration is valid, and what is wrong with it.",
        discussion: "Every fault is named with its file, line and key. Exits with 0 if there is none, with 78 otherwise.")

    @OptionGroup var surroundings: Surroundings

    func run() throws {
        let (configuration, path) = try surroundings.load()
        let channels = configuration.channels.count
        let rules = configuration.authorizer.rules.count
        print(
            "\(path) is valid: \(channels) task channel\(channels == 1 ? "" : "s"), \(rules) rule\(rules == 1 ? "" : "s")"
        )
        if rules == 0 { print("nobody may do anything yet: there is no [[allow]]") }
    }
}
