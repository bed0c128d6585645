import DiscordAPI
import OrchProtocol

/// A command that people type behind a slash. Its row in ``all`` is all that is known of it: what Discord is told, what completes it,
/// which verb it needs and what it does derive from there.
public struct Command: Sendable {
    /// What it does.
    enum Deed: Sendable {
        case submit, list, show, logs, result, stop, retry, pause, resume, priority, answer, follow, unfollow
        case stopPool, pausePool, resumePool, resizePool
        case status, pools, usage, agents, models
    }

    /// What a value is: how it is typed, and what completes it.
    enum Kind: Sendable, Equatable {
        /// One task, and several.
        case task, tasks
        case pool, prompt, model, thinking, priority, state, days, slots, answer
        /// One of several files.
        case file(Int)
    }

    struct Option: Sendable {
        var kind: Kind
        var isRequired: Bool

        static func must(_ kind: Kind) -> Self { Self(kind: kind, isRequired: true) }
        static func may(_ kind: Kind) -> Self { Self(kind: kind, isRequired: false) }
    }

    /// Its name, with that of the command that it is below: `stop pool`.
    public let path: String
    public let summary: String
    /// What somebody must be allowed to do.
    public let verb: Verb
    let deed: Deed
    let options: [Option]
    /// Which tasks complete it, by state; nil for all.
    let states: Set<String>?

    private init(
        _ path: String, _ summary: String, _ verb: Verb, _ deed: Deed, _ options: [Option] = [], of states: [TaskState]? = nil
    ) {
        self.path = path
        self.summary = summary
        self.verb = verb
        self.deed = deed
        self.options = options
        self.states = states.map { Set($0.map(\.rawValue)) }
    }

    private static let open: [TaskState] = [.queued, .running]
    private static let files: [Option] = (1...3).map { .may(.file($0)) }

    /// What the options with files are called.
    static let fileNames = files.map(\.name)

    public static let all: [Command] = [
        Self(
            "task", "Make a task; without a prompt a form asks for it", .submit, .submit,
            [.may(.prompt), .may(.pool), .may(.model), .may(.thinking), .may(.priority)] + files),
        Self("status", "Show the daemon and its pools", .see, .status),
        Self("list", "List tasks, the newest first", .see, .list, [.may(.state), .may(.pool)]),
        Self("show", "Show a task", .see, .show, [.must(.task)]),
        Self("logs show", "Show what a task has written last", .logs, .logs, [.must(.task)]),
        Self("logs follow", "Show what a task writes, in its thread", .logs, .follow, [.must(.task)], of: open),
        Self("logs stop", "Follow the log of a task no more", .logs, .unfollow, [.must(.task)], of: open),
        Self("result", "Show the answer of a task", .logs, .result, [.must(.task)], of: [.succeeded, .failed]),
        Self("stop task", "Stop tasks, or take them out of the queue", .stop, .stop, [.must(.tasks)], of: open),
        Self("stop pool", "Stop every task of a pool that you may stop", .stop, .stopPool, [.must(.pool)]),
        Self(
            "retry", "Try a task again that did not succeed", .retry, .retry, [.must(.task)],
            of: [.failed, .cancelled, .expired]),
        Self("pause task", "Pause a task, or hold it in the queue", .pause, .pause, [.must(.task)], of: open),
        Self("pause pool", "Start no more tasks of a pool", .pool, .pausePool, [.must(.pool)]),
        Self("resume task", "Let a task continue, or release it", .pause, .resume, [.must(.task)], of: open),
        Self("resume pool", "Let a pool start tasks again", .pool, .resumePool, [.must(.pool)]),
        Self(
            "priority", "Change the priority of a task that waits", .priority, .priority, [.must(.task), .must(.priority)],
            of: [.queued]),
        Self(
            "answer", "Answer what a task asks; without an answer a form asks for it", .answer, .answer,
            [.must(.task), .may(.answer)], of: [.running]),
        Self("pool show", "Show pools, their slots and their tasks", .see, .pools, [.may(.pool)]),
        Self("pool resize", "Change the number of slots of a pool", .pool, .resizePool, [.must(.pool), .must(.slots)]),
        Self("usage", "Show what the tasks of pools have used", .usage, .usage, [.may(.days)]),
        Self("agents", "List the agents and their pools", .see, .agents),
        Self("model", "List the models and where they run", .see, .models),
    ]

    static func named(_ path: String) -> Command? { all.first { $0.path == path } }
}

// MARK: What Discord is told

extension Command {
    /// All of them, as a guild has them.
    static let registration: [ApplicationCommand] = {
        var order: [String] = []
        var made: [String: ApplicationCommand] = [:]
        for command in all {
            let words = command.path.split(separator: " ").map(String.init)
            let options = command.options.map(\.registration)
            if made[words[0]] == nil { order.append(words[0]) }
            if words.count == 1 {
                made[words[0]] = ApplicationCommand(name: words[0], description: command.summary, options: options)
            } else {
                var group =
                    made[words[0]]
                    ?? ApplicationCommand(name: words[0], description: "Commands that \(words[0])", options: [])
                group.options?.append(.init(.subcommand, words[1], command.summary, options: options))
                made[words[0]] = group
            }
        }
        return order.compactMap { made[$0] }
    }()
}

extension Command.Option {
    var name: String {
        switch kind {
        case .task: "task"
        case .tasks: "tasks"
        case .pool: "pool"
        case .prompt: "prompt"
        case .model: "model"
        case .thinking: "thinking"
        case .priority: "priority"
        case .state: "state"
        case .days: "days"
        case .slots: "slots"
        case .answer: "answer"
        case .file(let number): number == 1 ? "file" : "file\(number)"
        }
    }

    fileprivate var registration: ApplicationCommand.Option {
        typealias Entry = ApplicationCommand.Option
        let required = isRequired ? true : nil
        return switch kind {
        case .task: Entry(.string, name, "The number of the task", required: required, autocomplete: true, maximumLength: 20)
        case .tasks:
            Entry(
                .string, name, "The numbers of the tasks, with spaces between", required: required, autocomplete: true,
                maximumLength: 100)
        case .pool: Entry(.string, name, "The pool", required: required, autocomplete: true, maximumLength: 100)
        case .prompt: Entry(.string, name, "What to do", required: required, maximumLength: 6000)
        case .model: Entry(.string, name, "The model", required: required, autocomplete: true, maximumLength: 100)
        case .thinking:
            Entry(
                .string, name, "How much the model thinks", required: required,
                choices: ThinkingLevel.allCases.map { CommandChoice($0.rawValue, $0.rawValue) })
        case .priority:
            Entry(
                .integer, name, "Higher runs earlier", required: required, minimum: -1_000_000, maximum: 1_000_000)
        case .state:
            Entry(
                .string, name, "Only tasks in this state", required: required,
                choices: TaskState.allCases.map { CommandChoice($0.rawValue, $0.rawValue) })
        case .days: Entry(.integer, name, "Of how many days", required: required, minimum: 1, maximum: 365)
        case .slots: Entry(.integer, name, "How many tasks run at once", required: required, minimum: 0, maximum: 10_000)
        case .answer: Entry(.string, name, "The answer", required: required, autocomplete: true, maximumLength: 4000)
        case .file: Entry(.attachment, name, "A file for the task", required: required)
        }
    }
}
