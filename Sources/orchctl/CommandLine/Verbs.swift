import ArgumentParser
import OrchProtocol

/// The verbs by their names, and what to say of one that there is not.
enum Verbs {
    static var all: [String] { commands(of: Orchctl.self).map(\.name) + ["help"] }

    /// The verbs that a verb, or `orchctl` itself, has, and what they do.
    static func abstracts(after parent: any ParsableCommand.Type) -> [(name: String, abstract: String)] {
        commands(of: parent).map { ($0.name, $0.type.configuration.abstract) }
    }

    private static func commands(of parent: any ParsableCommand.Type) -> [(name: String, type: any ParsableCommand.Type)] {
        let configuration = parent.configuration
        let types = configuration.ungroupedSubcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
        return types.map { ($0._commandName, $0) }
    }

    /// The verb that a command line begins with, as the words that name it; none for an option.
    static func find(_ arguments: [String]) throws -> (path: [String], command: any ParsableCommand.Type) {
        var path: [String] = []
        var command: any ParsableCommand.Type = Orchctl.self
        for word in arguments {
            let known = commands(of: command)
            if let next = known.first(where: { $0.name == word }) {
                path.append(word)
                command = next.type
                continue
            }
            if path.isEmpty, word == "help" {
                try checkHelp(arguments.dropFirst())
            } else if !known.isEmpty, word.utf8.first != UInt8(ascii: "-") {
                throw unknown(word, after: path, known.map(\.name))
            }
            break
        }
        return (path, command)
    }

    /// The parser would show the help of orchctl itself.
    private static func checkHelp(_ words: ArraySlice<String>) throws {
        guard let word = words.first, word.utf8.first != UInt8(ascii: "-") else { return }
        guard try find(Array(words)).path.isEmpty, word != "help" else { return }
        throw unknown(word, after: [], all)
    }

    private static func unknown(_ word: String, after path: [String], _ known: [String]) -> Failure {
        let group = (["orchctl"] + path).joined(separator: " ")
        let meant = (path.isEmpty ? words[word] : nil) ?? nearest(word, in: known).map { "\(group) \($0)" }
        return Failure(
            .usage, "there is no verb \"\((path + [word.shortened(to: 40)]).joined(separator: " "))\"",
            hint: meant.map { "did you mean: \($0)" } ?? "try: \(group) --help")
    }

    /// What hands type that know another queue.
    static let words = [
        "ls": "orchctl list", "ll": "orchctl list", "tasks": "orchctl list", "jobs": "orchctl list", "queue": "orchctl list",
        "ps": "orchctl status", "top": "orchctl status -w", "watch": "orchctl status -w", "stat": "orchctl status",
        "info": "orchctl show", "inspect": "orchctl show", "describe": "orchctl show", "get": "orchctl show",
        "kill": "orchctl stop", "cancel": "orchctl stop", "abort": "orchctl stop", "terminate": "orchctl stop",
        "del": "orchctl stop", "delete": "orchctl stop", "rm": "orchctl stop", "remove": "orchctl stop",
        "add": "orchctl submit", "enqueue": "orchctl submit", "push": "orchctl submit", "new": "orchctl submit",
        "batch": "orchctl submit --batch", "exec": "orchctl run", "start": "orchctl release", "unhold": "orchctl release",
        "log": "orchctl logs", "tail": "orchctl logs -n 20", "follow": "orchctl logs -f", "cat": "orchctl logs",
        "output": "orchctl logs", "restart": "orchctl retry", "rerun": "orchctl retry", "redo": "orchctl retry",
        "edit": "orchctl update", "change": "orchctl update", "set": "orchctl update", "modify": "orchctl update",
        "suspend": "orchctl pause", "continue": "orchctl resume", "unpause": "orchctl resume", "history": "orchctl events",
        "pools": "orchctl pool list", "agents": "orchctl agent list",
        "workers": "orchctl worker list", "cost": "orchctl usage", "check": "orchd check", "health": "orchctl doctor",
        "man": "orchctl --help", "secrets": "orchctl secret", "shutdown": "orchctl stop --daemon",
        "quit": "orchctl stop --daemon",
    ]
}

/// What orchctl says when it is told nothing.
enum ShortHelp {
    static let text = """
        orchctl: tasks for orchd

          orchctl submit -- make -j2        queue a command
          orchctl submit "Write a haiku"    queue a prompt for the pool's agent
          orchctl run -- make -j2           queue it, show its output, exit with its status
          orchctl status                    the daemon, its pools and its workers
          orchctl list                      the newest tasks
          orchctl logs -f 42                what a task writes

        All verbs and exit statuses: orchctl --help. If something is wrong: orchctl doctor.

        """
}
