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

    /// The states of the tasks that a verb can do something with; none for all.
    static func states(for verb: String) -> [StateFilter] {
        switch verb {
        case "stop", "pause", "wait": [.queued, .running]
        case "resume": [.paused, .held]
        case "hold", "update": [.queued]
        case "release": [.held]
        case "retry": [.failed, .cancelled, .expired]
        case "clean": [.succeeded, .failed, .cancelled, .expired]
        case "result", "files": [.succeeded, .failed]
        default: []
        }
    }

    /// Short words for a verb, perhaps with some of its options.
    static let aliases: [String: [String]] = [
        "ls": ["list"], "ps": ["status"], "kill": ["stop"], "cancel": ["stop"], "rm": ["clean"], "add": ["submit"],
        "log": ["logs"], "tail": ["logs", "--tail=20"], "follow": ["logs", "--follow"], "restart": ["retry"],
    ]

    /// The words with a verb in the place of its alias.
    static func expanded(_ arguments: [String]) -> [String] {
        guard let first = arguments.first else { return arguments }
        if first == "help", let verb = arguments.dropFirst().first.flatMap({ aliases[$0]?.first }) { return [first, verb] }
        guard let meant = aliases[first] else { return arguments }
        return meant + arguments.dropFirst()
    }

    /// What hands type that know another queue.
    static let words = [
        "ls": "orchctl list", "ll": "orchctl list", "tasks": "orchctl list", "jobs": "orchctl list", "queue": "orchctl list",
        "ps": "orchctl status", "top": "orchctl status -w", "watch": "orchctl status -w", "stat": "orchctl status",
        "info": "orchctl show", "inspect": "orchctl show", "describe": "orchctl show", "get": "orchctl show",
        "kill": "orchctl stop", "cancel": "orchctl stop", "abort": "orchctl stop", "terminate": "orchctl stop",
        "del": "orchctl clean", "delete": "orchctl clean", "rm": "orchctl clean", "remove": "orchctl clean",
        "purge": "orchctl clean",
        "prune": "orchctl clean", "clear": "orchctl clean", "forget": "orchctl clean",
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
