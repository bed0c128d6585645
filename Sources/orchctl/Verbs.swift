import ArgumentParser
import OrchProtocol

/// The names of the verbs, to tell a misspelt one.
enum Verbs {
    static var all: [String] {
        let groups = Orchctl.configuration.groupedSubcommands.flatMap(\.subcommands)
        return (Orchctl.configuration.ungroupedSubcommands + groups).compactMap { $0.configuration.commandName } + ["help"]
    }

    /// The parser would only say that an argument was not expected.
    static func check(_ word: String?) throws {
        guard let word, !word.hasPrefix("-"), !all.contains(word) else { return }
        let hint = nearest(word, in: all).map { "did you mean: orchctl \($0)" } ?? "try: orchctl --help"
        throw Failure(.usage, "there is no verb \"\(word.shortened(to: 40))\"", hint: hint)
    }

    /// What to try after a command line that could not be read.
    static func hint(for arguments: [String]) -> String {
        let verb = arguments.dropFirst().first ?? ""
        if [Submit.configuration.commandName, Run.configuration.commandName].contains(verb), !arguments.contains("--") {
            return "quote a prompt, put -- before a command: orchctl \(verb) -- make -j2; see also: orchctl \(verb) --help"
        }
        return all.contains(verb) ? "try: orchctl \(verb) --help" : "try: orchctl --help"
    }
}
