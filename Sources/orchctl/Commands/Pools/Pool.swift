import ArgumentParser
import OrchProtocol
import Presentation
import Text

struct Pool: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List pools; pause, resume, resize or drain one, or make its user.",
        discussion: """
            Examples:
              orchctl pool list
              orchctl pool resize build 8
              orchctl pool pause default
            """,
        subcommands: [PoolList.self, PoolPause.self, PoolResume.self, PoolResize.self, PoolDrain.self, PoolUser.self])
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

/// A verb that changes a pool, and needs to know no more.
protocol ChangesPool: ParsableCommand {
    static var method: OrchProtocol.Method<PoolSelection, Acknowledged> { get }
    var pool: String { get }
    var global: GlobalOptions { get }
}

extension ChangesPool {
    func run() throws { try Client(global).show(Self.method, PoolSelection(pool: pool)) { $0.line } }
}

struct PoolPause: ChangesPool {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Start no more tasks of a pool; running tasks continue.",
        discussion: """
            Examples:
              orchctl pool pause default
              orchctl pool pause build && orchctl pool list
            """)

    static let method = Method.poolPause

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions
}

struct PoolResume: ChangesPool {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Start tasks again in a paused or draining pool.",
        discussion: """
            Examples:
              orchctl pool resume default
              orchctl pool resume build && orchctl status
            """)

    static let method = Method.poolResume

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions
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

    @Argument(help: "The number of slots.", transform: ValueRule.slots.argument)
    var slots: Int

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolResize, ResizeParameters(pool: pool, slots: slots)) { $0.line }
    }
}

struct PoolDrain: ChangesPool {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Accept no new tasks for a pool, and run those it has.",
        discussion: """
            Examples:
              orchctl pool drain build
              orchctl pool drain build && orchctl events -f
            """)

    static let method = Method.poolDrain

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions
}
