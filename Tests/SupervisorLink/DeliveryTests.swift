import TestSupport
import Testing

@testable import SupervisorLink

/// What one side says, the other one takes: a message that it does not take ends the connection, and would end the next one.
@Suite struct DeliveryTests {
    /// Orders of every form, with some value or other out of its bounds in about half of them.
    private static func order(_ random: inout SeededGenerator) -> LaunchOrder {
        func some<T>(_ values: [T], _ bad: T, _ random: inout SeededGenerator) -> T {
            random.chance(3) ? bad : values.randomElement(using: &random) ?? bad
        }
        func list(_ most: Int, _ bad: String, _ random: inout SeededGenerator) -> [String] {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in some(["/a", "/\u{E4}\n", "/"], bad, &random) }
        }
        var order = LaunchOrder(
            attempt: some([1, LinkProtocol.maximumAttempt], LinkProtocol.maximumAttempt + 1, &random),
            name: some(["1.1", "w7", String(repeating: "1", count: 48)], "a", &random),
            pool: some(["p", String(repeating: "p", count: 64)], "p.q", &random),
            arguments: [some(["a", "/b"], "", &random)] + list(3, "a\0", &random).map { ByteString($0) },
            environment: (0..<Int.random(in: 0...3, using: &random)).map { _ in some(["A=", "B=c=d"], "=x", &random) })
        order.directory = some(["", "", "/x"], "x", &random)
        order.umask = some([0, 0o777], 0o1000, &random)
        order.nice = some([-20, 19], 20, &random)
        order.oomScoreAdjust = some([-1000, 1000], 1001, &random)
        order.limits = some([[], [.init(resource: 7, soft: 1, hard: 2)]], [.init(resource: 7, soft: 2, hard: 1)], &random)
        order.descriptors = some([[], [1, 2], Array(0...14)], [1, 1], &random)
        order.hasDoor = random.chance(30)
        if order.hasDoor {
            order.socketPlaces = some(
                [[], [.init(argument: 0, offset: 0)], [.init(argument: 0, offset: 0), .init(argument: 0, offset: 1)]],
                [.init(argument: 9, offset: 0)], &random)
        }
        if random.chance(30) { order.channel = some([20, 63], 64, &random) }
        if random.chance(30) { order.controls = some([[.memory: 1 << 40], [.cpu: 1000, .pids: 5]], [.cpuWeight: 0], &random) }
        if random.chance(30) { order.sandbox.writable = list(random.chance(3) ? 80 : 4, "a", &random) }
        if random.chance(30) {
            order.credentials = (0..<(random.chance(5) ? 65 : 2)).map {
                .init(name: some(["k\($0)"], ".k", &random), variable: some([nil, "K"], "PATH", &random))
            }
        }
        if random.chance(30) { order.submitter = 1000 }
        if random.chance(20) { order.repository = some(["/r"], "r", &random) }
        return order
    }

    @Test func whatIsFoundGoodIsTakenAndWhatIsFoundBadIsNot() {
        var random = SeededGenerator(1)
        var (good, bad) = (0, 0)
        for index in 0..<20_000 {
            let order = Self.order(&random)
            let bytes = EngineMessage.launch(order).encoded()
            #expect(order.encodedSize == bytes.count, "order \(index)")
            let found = Result { () throws(LinkError) in try order.check() }
            let taken = Result { () throws(LinkError) in try EngineMessage.decode(bytes[...]) }
            switch (found, taken) {
            case (.success, .success(let messages)):
                good += 1
                #expect(messages == [.launch(order)], "order \(index)")
            case (.failure, .failure): bad += 1
            default: Issue.record("order \(index): \(found) and \(taken): \(order)")
            }
        }
        #expect(good > 2_000 && bad > 2_000, "\(good) good, \(bad) bad")
    }

    @Test(arguments: [0, 1]) func anOrderIsAsLongAsAMessageMayBe(excess: Int) {
        var order = Samples.order
        order.arguments.append("")
        let room = LinkProtocol.maximumMessage - order.encodedSize
        order.arguments[order.arguments.count - 1] = ByteString(String(repeating: "x", count: room + excess))
        let bytes = EngineMessage.launch(order).encoded()
        let found = Result { () throws(LinkError) in try order.check() }
        #expect((try? found.get()) == nil || excess == 0)
        if excess == 0 {
            #expect(throws: Never.self) { try EngineMessage.decode(bytes[...]) }
        } else {
            #expect(throws: LinkError.tooLong) { try found.get() }
            #expect(throws: LinkError.tooLong) { try EngineMessage.decode(bytes[...]) }
        }
    }

    private static let poolName = String(repeating: "p", count: 64)
    private static let attemptName = String(repeating: "1", count: 48)
    private static func ids(_ count: Int) -> [UInt64] { [UInt64](repeating: .max, count: count) }

    /// The largest of each message of the engine but an order. `acknowledge` is said for so many at once.
    @Test(arguments: [
        EngineMessage.hello(version: .max, oldest: .max), .slots(pool: poolName, count: .max), .revoke(attempt: .max),
        .stop(attempt: .max, grace: .max), .freeze(attempt: .max, isFrozen: true),
        .acknowledge(attempts: ids(EngineMessage.attemptsPerMessage)), .discard(pool: poolName, name: attemptName),
        .sweep(pool: poolName, tasksBelow: .max, workersBelow: .max), .gather(milliseconds: 100),
    ]) func theLargestOfTheEngineFitsAPacket(message: EngineMessage) throws {
        let bytes = message.encoded()
        #expect(bytes.count <= LinkProtocol.maximumPacket)
        #expect(try EngineMessage.decode(bytes[...]) == [message])
    }

    /// The largest of each message of the supervisor, which has packets only.
    @Test(arguments: [
        SupervisorMessage.welcome(
            .init(
                version: .max, store: .max, heardUpTo: .max, pid: .max, cgroups: true,
                controllers: (0..<16).map { String(repeating: "c", count: 250) + "\($0)" },
                program: .init(release: String(repeating: "1", count: 64), executedAt: .max))),
        .waiting(attempts: ids(SupervisorMessage.reportsPerMessage)),
        .started([StartReport](repeating: Samples.start, count: SupervisorMessage.reportsPerMessage)),
        .ended([EndReport](repeating: Samples.end, count: SupervisorMessage.reportsPerMessage)), .inventoryEnd,
        .revoked(attempt: .max, accepted: true), .result(attempt: .max), .channel(attempt: .max),
        .resultFiles(
            ResultFiles(
                attempt: 1,
                names: [String](repeating: String(repeating: "a", count: 255), count: LinkProtocol.maximumDescriptors),
                left: ResultFiles.Reason.allCases.map {
                    .init(
                        $0, count: .max,
                        names: [String](
                            repeating: String(repeating: "\u{FFFD}", count: 255), count: ResultFiles.Left.examples))
                })),
        .measured(
            [MeasureReport](
                repeating: MeasureReport(
                    attempt: 1,
                    Measures(
                        bytesRead: .max, bytesWritten: .max, stalledForProcessor: .max, stalledForMemory: .max,
                        stalledForDisk: .max)), count: SupervisorMessage.reportsPerMessage)),
        .closing(reason: String(repeating: "\u{E4}", count: 1000)),
    ]) func theLargestOfTheSupervisorFitsAPacket(message: SupervisorMessage) throws {
        let bytes = message.encoded()
        #expect(bytes.count <= LinkProtocol.maximumPacket)
        #expect(try SupervisorMessage.decode(bytes[...]) == [message])
    }

    /// Every message, cut at every byte, is an error and never another message.
    @Test func aMessageThatIsCutIsNone() {
        for message in Samples.toSupervisor {
            let bytes = message.encoded()
            for count in 1..<bytes.count {
                #expect(throws: LinkError.self, "\(message) cut at \(count)") { try EngineMessage.decode(bytes[..<count]) }
            }
        }
        for message in Samples.toEngine {
            let bytes = message.encoded()
            for count in 1..<bytes.count {
                #expect(throws: LinkError.self, "\(message) cut at \(count)") { try SupervisorMessage.decode(bytes[..<count]) }
            }
        }
    }
}
