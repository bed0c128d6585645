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

struct Retry: TakesRest {
    static let configuration = CommandConfiguration(
        abstract: "Queue failed, cancelled or expired tasks again.",
        discussion: """
            All of the tasks are changed, or none. A task whose parent has ended continues by itself.

            Examples:
              orchctl retry 42
              orchctl retry --fresh 42
              orchctl list --state failed --all --json | jq '.tasks[].id' | xargs orchctl retry
            """)

    @Flag(help: "Let them do all steps again: keys that they gave to tasks of theirs are forgotten.")
    var fresh = false

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        func parameters(_ ids: [Int64]) -> RetryParameters {
            var parameters = RetryParameters(ids: ids, fresh: fresh ? true : nil)
            parameters.subject = bridge.subject
            return parameters
        }
        try tasks.ids.change(Client(global), .retry, parameters) { ChangeSummary.text($0, done: "queued again") }
    }
}
