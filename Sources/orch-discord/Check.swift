import ArgumentParser
import DiscordBridge

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration, and name what is wrong with it.",
        discussion:
            "It names each mistake with its file, line and key. It exits with 0 if it finds none, otherwise with 78."
    )

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
