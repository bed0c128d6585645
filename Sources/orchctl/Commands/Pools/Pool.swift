import ArgumentParser

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
