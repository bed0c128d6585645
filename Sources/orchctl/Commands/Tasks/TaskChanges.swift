import ArgumentParser
import OrchProtocol

/// A verb that changes tasks, all of them or none.
protocol ChangesTasks: TakesRest {
    static var method: OrchProtocol.Method<TaskSelection, TasksChanged> { get }
    static func summary(_ changed: TasksChanged) -> String
    var tasks: TaskList { get set }
    var bridge: BridgeOption { get }
    var global: GlobalOptions { get }
}

extension ChangesTasks {
    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        func selection(_ ids: [Int64]) -> TaskSelection {
            var selection = TaskSelection(ids: ids)
            selection.subject = bridge.subject
            return selection
        }
        try tasks.ids.change(Client(global), Self.method, selection, Self.summary)
    }
}

struct Hold: ChangesTasks {
    static let configuration = CommandConfiguration(
        abstract: "Keep queued tasks from starting until they are released.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl hold 42
              orchctl hold 42 43 44
            """)

    static let method = Method.hold

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    static func summary(_ changed: TasksChanged) -> String { ChangeSummary.text(changed, done: "held") }
}

struct ReleaseCommand: ChangesTasks {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Let held tasks start.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl release 42
              orchctl submit --hold -- ./deploy.sh | xargs orchctl release
            """)

    static let method = Method.release

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    static func summary(_ changed: TasksChanged) -> String { ChangeSummary.released(changed) }
}

struct Pause: ChangesTasks {
    static let configuration = CommandConfiguration(
        abstract: "Pause tasks: freeze their processes.",
        discussion: """
            The processes of a running task are frozen, and keep their memory. The task keeps its slot, and its timeouts do not
            run. A queued task is held. All of the tasks are paused, or none.

            Examples:
              orchctl pause 42
              orchctl resume 42
            """)

    static let method = Method.pause

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    static func summary(_ changed: TasksChanged) -> String { ChangeSummary.paused(changed) }
}

struct Resume: ChangesTasks {
    static let configuration = CommandConfiguration(
        abstract: "Continue paused tasks.",
        discussion: """
            A held task is released. All of the tasks are resumed, or none.

            Examples:
              orchctl resume 42
              orchctl pool resume default      for a pool that was paused
            """)

    static let method = Method.resume

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    static func summary(_ changed: TasksChanged) -> String { ChangeSummary.resumed(changed) }
}

struct Retry: ChangesTasks {
    static let configuration = CommandConfiguration(
        abstract: "Queue failed, cancelled or expired tasks again.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl retry 42
              orchctl list --state failed --all --json | jq '.tasks[].id' | xargs orchctl retry
            """)

    static let method = Method.retry

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    static func summary(_ changed: TasksChanged) -> String { ChangeSummary.text(changed, done: "queued again") }
}
