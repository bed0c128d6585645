import ArgumentParser
import OrchProtocol
import Presentation
import Text

struct Pool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "List pools; pause, resume, resize or drain one.",
        discussion: """
            Examples:
              orchctl pool list
              orchctl pool resize build 8
              orchctl pool pause default
            """,
        subcommands: [PoolList.self, PoolPause.self, PoolResume.self, PoolResize.self, PoolDrain.self])
}

struct PoolList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the pools and how many tasks each has.",
        discussion: """
            Examples:
              orchctl pool list
              orchctl pool list --json | jq -r '.pools[].name'
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolList) {
            PoolTable.make($0.pools).text(style: Terminal.style, width: Terminal.width)
        }
    }
}

struct PoolPause: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Start no more tasks of a pool; running tasks continue.",
        discussion: """
            Examples:
              orchctl pool pause default
              orchctl pool pause build && orchctl pool list
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolPause, PoolSelection(pool: pool)) { $0.line }
    }
}

struct PoolResume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Start tasks again in a paused or draining pool.",
        discussion: """
            Examples:
              orchctl pool resume default
              orchctl pool resume build && orchctl status
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolResume, PoolSelection(pool: pool)) { $0.line }
    }
}

struct PoolResize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize",
        abstract: "Change how many tasks a pool runs at once.",
        discussion: """
            A smaller number ends no running task. The number holds until the configuration gives the pool another one.

            Examples:
              orchctl pool resize build 8
              orchctl pool resize build 0
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @Argument(help: "The number of slots.", transform: ArgumentText.whole(.slots))
    var slots: Int

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolResize, ResizeParameters(pool: pool, slots: slots)) { $0.line }
    }
}

struct PoolDrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Accept no new tasks for a pool, and run those it has.",
        discussion: """
            Examples:
              orchctl pool drain build
              orchctl pool drain build && orchctl events -f
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolDrain, PoolSelection(pool: pool)) { $0.line }
    }
}
