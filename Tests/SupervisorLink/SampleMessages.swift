@testable import SupervisorLink

/// One of each message, with every field away from its default.
enum Samples {
    static let order = LaunchOrder(
        attempt: 77, name: "42.1", pool: "gpu-2_x", arguments: ["program", "", "ä\n"], environment: ["A=1", "B="],
        directory: "/srv/x", umask: 0o027, nice: 7, oomScoreAdjust: -900, noNewPrivileges: false,
        limits: [.init(resource: 7, soft: 64, hard: .max)], descriptors: [1, 63])
    static let workerOrder = LaunchOrder(
        attempt: 78, name: "w78", pool: "p", arguments: ["worker"], descriptors: [1, 2], channel: 3)

    static let worktreeOrder = LaunchOrder(
        attempt: 79, name: "42.2", pool: "p", arguments: ["program"], descriptors: [1, 2], repository: "/srv/\u{E4} b",
        sandbox: .init(writable: ["/srv/\u{E4} c"], noNetwork: true),
        credentials: [.init(name: "a"), .init(name: "b", variable: "KEY")], submitter: 1000)
    static let filledOrder = LaunchOrder(
        attempt: 80, name: "42.3", pool: "p", arguments: ["program"], descriptors: [1, 2, 5], controls: [.pids: 9],
        submitter: 7,
        files: 5)
    static let doorOrder = LaunchOrder(attempt: 81, name: "w81", pool: "p", arguments: ["worker"], hasDoor: true, channel: 3)
    static let limitedOrder = LaunchOrder(
        attempt: 79, name: "w79", pool: "p", arguments: ["worker"], descriptors: [1, 2],
        controls: [.memory: 1 << 40, .cpu: 1_500, .ioWeight: 10_000], channel: 3)

    static let toSupervisor: [EngineMessage] = [
        .hello(version: 5, oldest: 4), .slots(pool: "p", count: 9), .launch(order), .launch(workerOrder), .launch(limitedOrder),
        .launch(worktreeOrder), .launch(filledOrder), .launch(doorOrder),
        .revoke(attempt: 5), .freeze(attempt: 7, isFrozen: true), .freeze(attempt: 8, isFrozen: false),
        .stop(attempt: 6, grace: .max), .acknowledge(attempts: [1, 2, .max]),
        .discard(pool: "p", name: "1.2"), .sweep(pool: "p", tasksBelow: 7, workersBelow: 8), .gather(milliseconds: 100),
    ]

    static let start = StartReport(attempt: 9, pid: 123, slot: 4, startedAt: 1_700_000_000_000, startedMonotonic: 55)
    static let end = EndReport(
        start: start, ending: .spawnFailed, code: 2, step: .execute, flags: [.killed, .outOfMemory], endedAt: -1,
        endedMonotonic: .max, cpuUser: 1, cpuSystem: 2, peakMemory: 3)

    static let toEngine: [SupervisorMessage] = [
        .welcome(
            .init(
                version: 5, store: .max, heardUpTo: 7, pid: 8, cgroups: true,
                program: .init(release: "0.2.0", executedAt: 1_700_000_000_000), mark: .cgroup("/system.slice/\u{E4}/tasks"))),
        .welcome(
            .init(
                version: 5, store: .max, heardUpTo: 7, pid: 8, cgroups: false, program: .init(release: "", executedAt: 0),
                mark: .limit(1 << 62))),
        .welcome(
            .init(version: 5, store: 1, heardUpTo: 7, pid: 8, cgroups: false, program: .init(release: "", executedAt: 0))),
        .welcome(
            .init(
                version: 4, store: 1, heardUpTo: 7, pid: 8, cgroups: true, controllers: ["cpu", "memory"],
                program: .init(release: "0.4.0", executedAt: 1))),
        .waiting(attempts: [1, 2]),
        .started([start, start]), .ended([end]), .inventoryEnd, .revoked(attempt: 3, accepted: true),
        .measured([
            MeasureReport(
                attempt: 7,
                Measures(bytesRead: .max, bytesWritten: 1, stalledForProcessor: 2, stalledForMemory: 3, stalledForDisk: 4))
        ]), .measured([]),
        .closing(reason: "sent hello twice"), .door(attempt: 6),
        .result(attempt: 4), .channel(attempt: 5), .resultFiles(ResultFiles(attempt: 6, names: ["report.md", "\u{E4} b"])),
        .resultFiles(
            ResultFiles(
                attempt: 7,
                left: [.init(.special, count: 9, names: ["a\n", "\u{FFFD}"]), .init(.tooMany, count: .max, names: [])])),
    ]
}
