import ArgumentParser
import OrchProtocol

/// What a task may use at most, on the command line of `submit` and `run`.
struct ResourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The memory it may use, like 2G.", valueName: "size"), transform: amount(of: .memory))
    var memory: Double?

    @Option(
        help: ArgumentHelp("The memory above which it is slowed down.", valueName: "size"), transform: amount(of: .memoryHigh)
    )
    var memoryHigh: Double?

    @Option(
        help: ArgumentHelp("The swap it may use; with --memory alone it gets none.", valueName: "size"),
        transform: amount(of: .swap))
    var swap: Double?

    @Option(help: ArgumentHelp("The processors it may use, like 1.5.", valueName: "number"), transform: amount(of: .cpu))
    var cpu: Double?

    @Option(
        help: ArgumentHelp("Its share of busy processors; default 100.", valueName: "weight"),
        transform: amount(of: .cpuWeight))
    var cpuWeight: Double?

    @Option(help: ArgumentHelp("The maximum number of its processes.", valueName: "number"), transform: amount(of: .pids))
    var pids: Double?

    @Option(help: ArgumentHelp("Its share of busy disks; default 100.", valueName: "weight"), transform: amount(of: .ioWeight))
    var ioWeight: Double?

    /// Nil where none is given.
    var limits: ResourceLimits? {
        var limits = ResourceLimits()
        for resource in ResourceLimits.Resource.allCases {
            limits[resource] =
                switch resource {
                case .memory: memory
                case .memoryHigh: memoryHigh
                case .swap: swap
                case .cpu: cpu
                case .cpuWeight: cpuWeight
                case .pids: pids
                case .ioWeight: ioWeight
                }
        }
        return limits.isEmpty ? nil : limits
    }
}

private func amount(of resource: ResourceLimits.Resource) -> @Sendable (String) throws -> Double {
    { text in
        guard let amount = resource.amount(text) else {
            throw ValidationError("must be \(resource.form), not \"\(text.shortened(to: 60))\"")
        }
        return amount
    }
}
