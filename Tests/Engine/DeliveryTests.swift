import DaemonConfiguration
import Foundation
import Logging
import OrchProtocol
import Platform
import Storage
import SupervisorLink
import Synchronization
import TestSupport
import Testing

@testable import Engine
@testable import Scheduling

/// What submit accepts can be handed over; and what cannot after all ends its own attempt, and nobody else's.
@Suite struct DeliveryTests {
    /// A supervisor that takes note of the orders, and starts nothing.
    private final class Port: SupervisorPort {
        private let said = Mutex<[EngineMessage]>([])
        private let spoken = Mutex(LinkProtocol.version)

        var version: UInt32 {
            get { spoken.withLock { $0 } }
            set { spoken.withLock { $0 = newValue } }
        }

        func send(_ message: EngineMessage, descriptors: [Descriptor]) { said.withLock { $0.append(message) } }
        func open(_ connection: UInt64) {}

        func takeOrders() -> [LaunchOrder] {
            said.withLock { said in
                defer { said = [] }
                return said.compactMap { if case .launch(let order) = $0 { order } else { nil } }
            }
        }
    }

    private final class Time: Sendable {
        let elapsed = Mutex<Int64>(0)
        var now: Now { elapsed.withLock { Now(wall: 1_800_000_000_000 + $0, monotonic: 1_000_000 + $0) } }
    }

    private final class Rig {
        private let scratch: ScratchDirectory
        private let directory: StateDirectory
        let store: SQLiteStore
        let port = Port()
        let core: EngineCore
        private var runner: TurnRunner<SQLiteStore>
        private let time: Time
        static let requester = Requester(uid: 0, isAdministrator: true)

        init(_ configuration: Configuration) throws {
            scratch = try ScratchDirectory()
            directory = try StateDirectory(scratch.path("state"))
            store = try SQLiteStore(path: directory.database)
            let time = Time()
            self.time = time
            var quiet = Logger(label: "test")
            quiet.logLevel = .critical
            core = try EngineCore(
                store: store, stateDirectory: directory.path, configuration: configuration, link: port,
                clock: { time.now }, zoneOffset: { _ in 0 }, log: quiet)
            runner = TurnRunner(core, on: store)
            core.push([.connected(Inventory(connection: 1, store: 7, heardUpTo: 0))])
            turns()
        }

        deinit {
            core.endCleaning()
            try? store.close()
        }

        func pass(milliseconds: Int64) {
            time.elapsed.withLock { $0 += milliseconds }
            turns()
        }

        func turns() { while runner.turn() == 0 {} }

        func submit(_ spec: TaskSpec) throws -> Reply {
            let reply = Mutex<Reply?>(nil)
            core.request(.submit(.one(spec)), by: Self.requester) { answer in reply.withLock { $0 = answer } }
            turns()
            return try #require(reply.withLock { $0 })
        }

        func reload(_ configuration: Configuration) {
            core.configuration.value = configuration
            core.push([.ruled(configuration.rules), .configured(configuration.pools.map(\.settings))])
            turns()
        }

        func end(_ order: LaunchOrder) {
            core.push([
                .ended(AttemptEnd(attempt: Int64(order.attempt), start: nil, ending: .lost("x"), endedAt: 1, endedMonotonic: 1))
            ])
            turns()
        }
    }

    private static let files = [
        "orchd.toml": "",
        "pools.d/plain.toml": "slots = 4\n[env]\n",
        "pools.d/heavy.toml": """
        slots = 4
        [env]
        A = "\(String(repeating: "a", count: 110_000))"
        B = "\(String(repeating: "b", count: 110_000))"
        """,
        "pools.d/argument.toml": "slots = 4\nagent = \"argument\"\n",
        "pools.d/input.toml": "slots = 4\nagent = \"input\"\n",
        "agents/argument.toml": """
        argv = ["agent", "--say={prompt}", "{schema}", ["-m", "{model}"], "{prompt} {schema} {workspace}"]
        prompt = "argument"
        [env]
        AGENT_PROMPT = "{prompt}"
        """,
        "agents/input.toml": "argv = [\"agent\", \"{schema}\"]\n",
    ]

    private static func load() throws -> Configuration {
        let directory = try ScratchDirectory(files)
        return try withExtendedLifetime(directory) { try .load(directory.path("orchd.toml")) }
    }

    private static func spec(_ random: inout SeededGenerator) -> TaskSpec {
        func size(_ random: inout SeededGenerator) -> Int {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5: Int.random(in: 1...200, using: &random)
            case 5..<7: ArgumentSize.longest + Int.random(in: -200...200, using: &random)
            default: Int.random(in: 1...(ArgumentSize.longest), using: &random)
            }
        }
        func text(_ random: inout SeededGenerator) -> String { String(repeating: "x", count: size(&random)) }
        var spec = TaskSpec()
        if random.chance(50) {
            spec.pool = random.chance(50) ? "plain" : "heavy"
            if random.chance(30) {
                spec.command = ["a"] + [String](repeating: "y", count: Int.random(in: 150_000...230_000, using: &random))
            } else {
                spec.command = ["a"] + (0..<Int.random(in: 0...30, using: &random)).map { _ in text(&random) }
            }
        } else {
            spec.pool = random.chance(70) ? "argument" : "input"
            spec.prompt = text(&random)
            if spec.pool == "argument", random.chance(50) { spec.model = String(repeating: "m", count: 200) }
            if random.chance(50) {
                spec.resultSchema = .object([
                    "title": .string(String(repeating: "s", count: Int.random(in: 0...65_000, using: &random)))
                ])
            }
        }
        if random.chance(60) {
            let count = Int.random(in: 0...20, using: &random)
            spec.env = Dictionary(uniqueKeysWithValues: (0..<count).map { ("V\($0)", text(&random)) })
        }
        return spec
    }

    @Test func whatIsAcceptedIsHandedOver() throws {
        let rig = try Rig(Self.load())
        var random = SeededGenerator(3)
        var (accepted, refused) = (0, 0)
        for index in 0..<100 {
            let spec = Self.spec(&random)
            switch try rig.submit(spec) {
            case .submitted(.one(let it)):
                accepted += 1
                let orders = rig.port.takeOrders()
                #expect(
                    orders.count == 1,
                    "task \(it.id) of round \(index), in \(spec.pool ?? ""), was accepted and not handed over")
                for order in orders {
                    #expect(throws: Never.self) { try order.check() }
                    rig.end(order)
                }
            case .failed(let error):
                refused += 1
                #expect(rig.port.takeOrders().isEmpty)
                #expect(error.kind == .invalidParameter && error.data?.field != nil, "\(error.message)")
                #expect(error.message.contains("bytes"), "\(error.message)")
            default: Issue.record("another answer")
            }
        }
        #expect(accepted > 30 && refused > 15, "\(accepted) accepted, \(refused) refused")
    }

    /// Rows as an older release accepted them, or as a damaged one might have: each fails by itself, with a sentence.
    @Test func aRowThatCannotBeHandedOverFailsAlone() throws {
        let poisons: [(Work, [ByteString: ByteString], ByteString?, String)] = [
            (.command(["true"] + [ByteString](repeating: "x", count: 500_000)), [:], nil, "for all arguments"),
            (.command(["true", ByteString(String(repeating: "x", count: 131_072))]), [:], nil, "argument 1 has 131072 bytes"),
            (
                .command(["true"]), ["A": ByteString(String(repeating: "x", count: 200_000))], nil,
                "the variable A has 200002 bytes"
            ),
            (.command([""]), [:], nil, "arguments"),
            (.command(["true"]), ["": "x"], nil, "environment"),
            (.command(["true"]), [:], "relative", "directory"),
        ]
        let rig = try Rig(Self.load())
        try rig.store.transaction { transaction in
            for (work, environment, directory, _) in poisons {
                let definition = TaskDefinition(
                    work: work, environment: environment, directory: directory, submitter: 0, submittedAt: 1)
                var task = TaskItem(definition: definition, pool: "plain", phase: .ready)
                task.priority = 5
                _ = try transaction.insert(task, input: nil)
            }
        }
        var good = TaskSpec(command: ["true"])
        good.pool = "plain"
        _ = try rig.submit(good)
        var orders: [LaunchOrder] = []
        for _ in poisons {
            rig.turns()
            orders += rig.port.takeOrders()
        }
        #expect(orders.map(\.arguments) == [["true"]])
        for (index, poison) in poisons.enumerated() {
            let task = try #require(try rig.store.record(of: Int64(index + 1)))
            #expect(task.state == .failed && task.reason?.contains(poison.3) == true, "\(poison.3): \(task.reason ?? "")")
            #expect(task.attempts.count == 1)
        }
    }

    /// It waits for a newer one, and nobody waits for it.
    @Test func whatAnOlderSupervisorDoesNotTakeWaits() throws {
        let rig = try Rig(Self.load())
        rig.port.version = 4
        var odd = TaskSpec()
        odd.commandBytes = [Data("true".utf8), Data([0xFF])]
        let ids = try [odd, TaskSpec(command: ["true"])].map { spec -> Int64 in
            var spec = spec
            spec.pool = "plain"
            guard case .submitted(.one(let it)) = try rig.submit(spec) else { throw CancellationError() }
            return it.id
        }
        #expect(rig.port.takeOrders().map(\.name) == ["\(ids[1]).1"])
        let task = try #require(try rig.store.record(of: ids[0]))
        #expect(task.state == .queued && task.reason?.contains("not UTF-8") == true, "\(task.reason ?? "")")
        rig.port.version = 5
        rig.pass(milliseconds: 1_000)
        #expect(rig.port.takeOrders().map(\.name) == ["\(ids[0]).1"])
    }

    /// What was accepted while its pool had room for it.
    @Test func aPoolThatHasGrownFailsWhatNoLongerFits() throws {
        let small = try Self.load()
        let rig = try Rig(small)
        var spec = TaskSpec(command: ["true"] + [String](repeating: String(repeating: "x", count: 100_000), count: 20))
        spec.pool = "plain"
        spec.hold = true
        guard case .submitted(.one(let large)) = try rig.submit(spec) else {
            Issue.record("not accepted")
            return
        }
        var grown = small
        let index = try #require(grown.pools.firstIndex { $0.settings.name == "plain" })
        grown.pools[index].environment["NEW"] = ByteString(String(repeating: "n", count: 100_000))
        rig.reload(grown)
        rig.core.request(.release([large.id]), by: Rig.requester) { _ in }
        rig.turns()
        rig.turns()
        #expect(rig.port.takeOrders().isEmpty)
        let task = try #require(try rig.store.record(of: large.id))
        #expect(task.state == .failed && task.reason?.contains("for all arguments") == true, "\(task.reason ?? "")")
    }
}
