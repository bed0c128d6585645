import ArgumentParser
import OrchProtocol

/// A verb that changes tasks, all of them or none.
protocol ChangesTasks: TakesRest {
    static var method: OrchProtocol.Method<TaskSelection, TasksChanged> { get }
    static func summary(_ changed: TasksChanged) -> String
    /// As in "3214 tasks would be held".
    static var done: String { get }
    var tasks: TaskList { get set }
    var bridge: BridgeOption { get }
    var global: GlobalOptions { get }
}

extension ChangesTasks {
    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func validate() throws { try tasks.check(Self._commandName) }

    func run() throws {
        let client = try Client(global)
        let selection = try Selection(tasks, client, states: Verbs.states(for: Self._commandName))
        try Confirmation.ask(about: selection.ids.count, done: Self.done, tasks)
        try selection.change(client, Self.method, parameters, Self.summary)
    }

    func parameters(_ ids: [Int64], lenient: Bool?) -> TaskSelection {
        var selection = TaskSelection(ids: ids)
        (selection.lenient, selection.subject) = (lenient, bridge.subject)
        return selection
    }
}

struct Hold: ChangesTasks {
    static let configuration = CommandConfiguration(
        abstract: "Keep queued tasks from starting until they are released.",
        discussion: """
            Of tasks that you name by their ids, all are changed or none. Of a range and of what options select, those that \
            are queued and yours.

            Examples:
              orchctl hold 42 43 44
              orchctl hold 12-31
              orchctl hold --label batch=b1
            """)

    static let method = Method.hold
    static let done = "held"

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
            Of tasks that you name by their ids, all are changed or none. Of a range and of what options select, those that \
            are held and yours.

            Examples:
              orchctl release 42
              orchctl release --name 'build-*'
              orchctl submit --hold -- ./deploy.sh | xargs orchctl release
            """)

    static let method = Method.release
    static let done = "released"

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
            run. A queued task is held. Of tasks that you name by their ids, all are paused or none.

            Examples:
              orchctl pause 42
              orchctl pause --state running --label batch=b1
              orchctl resume 42
            """)

    static let method = Method.pause
    static let done = "paused"

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    static func summary(_ changed: TasksChanged) -> String { ChangeSummary.paused(changed) }
}

struct Resume: ChangesTasks {
    static let configuration = CommandConfiguration(
        abstract: "Continue paused tasks.",
        discussion: """
            A held task is released. Of tasks that you name by their ids, all are resumed or none.

            Examples:
              orchctl resume 42
              orchctl resume --label batch=b1
              orchctl pool resume default      for a pool that was paused
            """)

    static let method = Method.resume
    static let done = "resumed"

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    static func summary(_ changed: TasksChanged) -> String { ChangeSummary.resumed(changed) }
}

struct Retry: TakesRest {
    static let configuration = CommandConfiguration(
        abstract: "Queue failed, cancelled or expired tasks again.",
        discussion: """
            Of tasks that you name by their ids, all are changed or none. Of a range and of what options select, those that \
            failed, were cancelled or expired, and are yours. A task whose parent has ended continues by itself.

            Examples:
              orchctl retry 42
              orchctl retry --failed
              orchctl retry --failed --label batch=b1
              orchctl retry --fresh @last
            """)

    @Flag(help: "Let them do all steps again: keys that they gave to tasks of theirs are forgotten.")
    var fresh = false

    @OptionGroup var tasks: TaskList
    @OptionGroup var bridge: BridgeOption
    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func validate() throws { try tasks.check("retry") }

    func run() throws {
        func parameters(_ ids: [Int64], lenient: Bool?) -> RetryParameters {
            var parameters = RetryParameters(ids: ids, fresh: fresh ? true : nil)
            (parameters.lenient, parameters.subject) = (lenient, bridge.subject)
            return parameters
        }
        let client = try Client(global)
        let selection = try Selection(tasks, client, states: Verbs.states(for: "retry"))
        try Confirmation.ask(about: selection.ids.count, done: "queued again", tasks)
        try selection.change(client, .retry, parameters) { ChangeSummary.text($0, done: "queued again") }
    }
}
