// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A Swift target of this package, with the settings that all of them share.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .executableTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

/// What the C compiler adds in a release against a buffer that is written beyond its end.
let guarded: [CSetting] = [
    .unsafeFlags(["-fstack-protector-strong", "-D_FORTIFY_SOURCE=3"], .when(configuration: .release))
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let tomlKit = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

/// The fuzz targets: as tests of their corpora, or with ORCHD_FUZZ set as the program that `Tests/Fuzz/run` builds, which only
/// links where everything is built with `-sanitize=fuzzer`.
let fuzz: Target = {
    let dependencies: [Target.Dependency] = [
        "Agents", "DaemonConfiguration", "Engine", "JSON", "OrchClient", "OrchProtocol", "Platform", "Presentation",
        "Scheduling",
        "Schemas", "Settings",
        "Supervision",
        "SupervisorLink", "TestSupport", nioCore,
    ]
    let path = "Tests/Fuzz"
    let others = ["Corpus", "json.dict", "toml.dict", "run"]
    guard Context.environment["ORCHD_FUZZ"] != nil else {
        return .testTarget(
            name: "FuzzTests", dependencies: dependencies, path: path, exclude: others + ["Main"], swiftSettings: strict)
    }
    return .executableTarget(
        name: "orchd-fuzz", dependencies: dependencies, path: path, exclude: others + ["CorpusTests.swift"],
        swiftSettings: strict)
}()

let package = Package(
    name: "orchd",
    products: [
        .executable(name: "orchd", targets: ["orchd"]),
        .executable(name: "orchd-supervisor", targets: ["orchd-supervisor"]),
        .executable(name: "orchd-worktree", targets: ["orchd-worktree"]),
        .executable(name: "orchd-files", targets: ["orchd-files"]),
        .executable(name: "orchctl", targets: ["orchctl"]),
        .executable(name: "orch-discord", targets: ["orch-discord"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    ],
    targets: [
        .target(name: "CLinux", cSettings: guarded),
        .target(name: "CSQLite", cSettings: guarded),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),

        module("Text", ["CLinux"]),
        module("Platform", ["CLinux", "Text"]),
        module("JSON", ["Text"]),
        module("OrchProtocol", ["JSON", "Text"]),
        module("OrchClient", ["OrchProtocol", "Text", "CLinux", "Platform"]),
        module("Presentation", ["OrchProtocol", "Text"]),
        module("Settings", ["OrchProtocol", "Text", tomlKit]),
        module("LiveModel", ["OrchProtocol", "Text"]),
        module("SupervisorLink", ["Text", "CLinux"]),
        module("Supervision", ["SupervisorLink", "Text", "CLinux", "Platform"]),
        module("Agents", ["JSON", "OrchProtocol", "Text"]),
        module("Schemas", ["JSON", "Text"]),
        module("Scheduling", ["OrchProtocol", "Schemas", "SupervisorLink", "Text"]),
        module("Storage", ["CSQLite", "Scheduling", "OrchProtocol", "SupervisorLink", "Platform", "Text", grdb, sqlite]),
        module(
            "DiscordAPI",
            [asyncHTTPClient, nioConcurrency, nioCore, nioHTTP1, nioPosix, nioSSL, nioWebSocket]),
        module(
            "DiscordBridge",
            ["DiscordAPI", "OrchClient", "OrchProtocol", "Presentation", "Settings", "Text", grdb, sqlite, tomlKit]),
        module("Systemd", ["CSystemd", "Platform", "Text", logging]),
        module(
            "DaemonConfiguration",
            ["Agents", "OrchProtocol", "Platform", "Scheduling", "Schemas", "Settings", "SupervisorLink", "Text", tomlKit],
            // A link to the file in etc/agents, for a foreground run where nothing is installed.
            resources: [.embedInCode("openclaw.toml")]),
        module(
            "Engine",
            [
                "Agents", "CLinux", "DaemonConfiguration", "JSON", "OrchProtocol", "Platform", "Scheduling", "Schemas",
                "Settings",
                "Storage",
                "SupervisorLink", "Systemd", "Text", logging, nioCore, nioPosix,
            ]),

        program(
            "orchd",
            [
                "DaemonConfiguration", "Engine", "OrchClient", "OrchProtocol", "Platform", "Presentation", "Scheduling",
                "Settings",
                "Storage", "Systemd", "Text", "CLinux", argumentParser, logging,
            ]),
        program("orchd-supervisor", ["Supervision", "Text", "CLinux"]),
        .executableTarget(name: "orchd-worktree", dependencies: ["CLinux"], cSettings: guarded),
        .executableTarget(name: "orchd-files", dependencies: ["CLinux"], cSettings: guarded),
        program(
            "orchctl", ["CLinux", "JSON", "OrchClient", "OrchProtocol", "Platform", "Presentation", "Text", argumentParser],
            resources: ["bash", "zsh", "fish"].map { .embedInCode("Completion/orchctl.\($0)") }),

        program(
            "orch-discord",
            [
                "CLinux", "DiscordAPI", "DiscordBridge", "OrchClient", "OrchProtocol", "Platform", "Settings", "Systemd",
                "Text",
                argumentParser,
            ]),

        .executableTarget(
            name: "turn-cost", dependencies: ["Scheduling", "Storage", "OrchProtocol", "SupervisorLink"],
            path: "Benchmarks/turn-cost",
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["OrchProtocol", "Scheduling"], path: "Tests/Support", swiftSettings: strict),
        .target(
            name: "Simulation",
            dependencies: [
                "DaemonConfiguration", "Engine", "OrchProtocol", "Platform", "Scheduling", "Storage", "Supervision",
                "SupervisorLink",
                "TestSupport",
                logging,
            ],
            path: "Tests/Simulation/Simulator", swiftSettings: strict),
        .executableTarget(
            name: "orchd-sim", dependencies: ["Simulation", argumentParser], path: "Tests/Simulation/Program",
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation"], path: "Tests/Simulation/Tests", swiftSettings: strict),
        tests("Text", ["Text", "TestSupport"]),
        tests("JSON", ["JSON"]),
        tests("SupervisorLink", ["SupervisorLink", "TestSupport"]),
        tests("Supervision", ["Supervision", "TestSupport", "SupervisorLink", "CLinux", "Platform", "orchd-supervisor"]),
        tests("Scheduling", ["Scheduling", "Schemas", "TestSupport", "Storage", "OrchProtocol", "SupervisorLink", "Text"]),
        tests("Storage", ["Storage", "TestSupport", "Text", "Scheduling", "OrchProtocol", "SupervisorLink", grdb, sqlite]),
        tests("Agents", ["Agents", "JSON", "OrchProtocol", "TestSupport"]),
        tests("DiscordAPI", ["DiscordAPI", "TestSupport", nioConcurrency, nioCore, nioHTTP1, nioPosix, nioWebSocket]),
        tests(
            "Engine",
            [
                "Engine", "Agents", "DaemonConfiguration", "OrchProtocol", "Platform", "Scheduling", "Schemas", "Settings",
                "Storage",
                "SupervisorLink",
                "TestSupport", logging, nioCore, nioEmbedded,
            ]),
        tests(
            "DaemonConfiguration",
            [
                "Agents", "DaemonConfiguration", "Engine", "OrchProtocol", "Platform", "Scheduling", "Schemas", "Settings",
                "SupervisorLink",
                "TestSupport",
            ]),
        tests("Schemas", ["Schemas", "JSON", "OrchProtocol"]),
        tests("Platform", ["Platform"]),
        tests("Systemd", ["Systemd"]),
        tests("Protocol", ["OrchProtocol", "Scheduling"]),
        tests("OrchProtocol", ["OrchProtocol", "TestSupport"]),
        tests("OrchClient", ["OrchClient", "OrchProtocol"]),
        tests("DiscordBridge", ["DiscordAPI", "DiscordBridge", "OrchClient", "OrchProtocol", "Settings", "TestSupport"]),
        tests("LiveModel", ["LiveModel", "OrchProtocol", "TestSupport"]),
        tests("Presentation", ["Presentation", "OrchProtocol", "TestSupport"]),
        tests("orchctl", ["orchctl", "OrchClient", "OrchProtocol", "Presentation", "TestSupport", argumentParser]),
        .testTarget(
            name: "SystemTests",
            dependencies: [
                "TestSupport", "LiveModel", "OrchClient", "OrchProtocol", "SupervisorLink", "CLinux", "orchd",
                "orchd-supervisor", "orchctl", grdb,
            ],
            path: "Tests/System/Process", swiftSettings: strict),
        fuzz,
    ],
    cLanguageStandard: .gnu11
)
