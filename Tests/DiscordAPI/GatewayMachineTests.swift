import TestSupport
import Testing

@testable import DiscordAPI

@Suite struct GatewayMachineTests {
    @Test(arguments: 1...60) func `whatever happens, it comes back and tells each event once, in order`(seed: UInt64) throws {
        var world = GatewayWorld(seed)
        for _ in 0..<400 { try world.step(calm: false) }
        try #require(world.machine.phase != .over)
        // From now on nothing goes wrong.
        let calm = world.now
        while !world.isSettled {
            try world.step(calm: true)
            try #require(world.now - calm < 900_000, "it is still \(world.machine.phase) after a quarter of an hour")
        }
        #expect(world.starts < 60)
    }

    @Test func `the codes that end a connection mean what Discord says`() {
        let fatal: [Int: GatewayError] = [
            4004: .unauthorized, 4010: .refused(code: 4010), 4011: .refused(code: 4011), 4012: .refused(code: 4012),
            4013: .refused(code: 4013), 4014: .intentsNotAllowed,
        ]
        for code in [nil] + (1000...1015).map(Optional.init) + (3990...4020).map(Optional.init) {
            let expected: CloseMeaning =
                switch code {
                case let code? where fatal[code] != nil: .fail(fatal[code] ?? .cancelled)
                case 4003, 4007, 4009: .begin
                default: .resume
                }
            #expect(CloseMeaning(code: code) == expected, "\(code ?? 0)")
        }
    }

    /// Every state meets everything that can happen. Whatever it is, there is something to wait for afterwards.
    @Test func `no state is left without a way on`() {
        let ready = GatewayEvent.Ready(user: User(id: Snowflake(1), username: "orch"), applicationID: Snowflake(1))
        let address = GatewayAddress(url: "wss://gateway", remaining: 10, resetAfter: 0)
        let inputs: [GatewayMachine.Input] = [
            .start, .address(address), .noAddress(.unavailable("")), .noAddress(.unauthorized), .opened, .notOpened, .garbled,
            .kept(true), .kept(false), .closed(code: nil), .closed(code: 4009), .closed(code: 4004), .alarm,
            .received(.hello(interval: 40_000)), .received(.heartbeatRequest), .received(.heartbeatTaken),
            .received(.reconnect),
            .received(.invalidSession(resumable: true)), .received(.invalidSession(resumable: false)), .received(.unknown(99)),
            .received(.ready(id: "s", resumeURL: "wss://r", ready, number: 1)), .received(.resumed(number: 5)),
            .received(.event(.other("x"), number: 2)), .received(.event(.other("x"), number: 9)),
        ]
        let way: [GatewayMachine.Input] = [
            .start, .address(address), .opened, .received(.hello(interval: 40_000)), .kept(true),
            .received(.ready(id: "s", resumeURL: "wss://r", ready, number: 1)), .closed(code: nil), .alarm, .opened,
            .received(.hello(interval: 40_000)), .received(.resumed(number: 2)), .received(.reconnect),
        ]
        var met: Set<String> = []
        for length in 0...way.count {
            var start = GatewayMachine(starts: []) { 0.5 }
            var now: Int64 = 0
            for input in way.prefix(length) {
                now += 1000
                _ = start.handle(input, at: Moment(milliseconds: now), wall: now)
            }
            met.insert(String("\(start.phase)".prefix { $0 != "(" }))
            for input in inputs {
                for later in [Int64(1), 30_000, 200_000] {
                    var machine = start
                    let actions = machine.handle(input, at: Moment(milliseconds: now + later), wall: now + later)
                    let failed = actions.contains { if case .fail = $0 { true } else { false } }
                    #expect(failed == (machine.phase == .over))
                    let waits =
                        switch machine.phase {
                        case .stopped, .asking, .opening, .keeping, .closing, .over: true
                        default: machine.wake != nil
                        }
                    #expect(waits, "\(start.phase) + \(input) = \(machine.phase)")
                }
            }
        }
        #expect(met.count == 10, "\(met.sorted())")
    }

    @Test func `sessions are begun the more seldom the more there were, whoever restarts the program`() {
        var (wall, begun): (Int64, Int) = (1_000_000_000_000, 0)
        var starts: [Int64] = []
        let end = wall + 2 * 86_400_000
        var times: [Int64] = []
        while wall < end {
            // A new program each time: what it knows is what was kept.
            var budget = StartBudget(starts: starts)
            let wait = budget.wait(at: wall)
            if wait > 0 {
                wall += wait
                continue
            }
            starts = budget.count(at: wall)
            times.append(wall)
            begun += 1
        }
        for (first, second) in zip(times, times.dropFirst()) { #expect(second - first > 5000) }
        for (index, time) in times.enumerated() where index >= StartBudget.most {
            #expect(time - times[index - StartBudget.most] >= 86_400_000)
        }
        #expect(begun > StartBudget.most, "it goes on the next day")
        // A clock that was set back by a year does not stop it for a year.
        #expect(StartBudget(starts: [wall + 31_536_000_000]).wait(at: wall) <= 5500)
    }
}

/// A gateway that does what Discord's may do, on virtual time, and holds the machine to the rules.
private struct GatewayWorld {
    private struct Session {
        var id: String
        /// The highest number that was given out, and the highest that the client was told.
        var number: Int64 = 1
        var told: Int64 = 1
        var losses = 0
    }

    private enum Line { case none, opening, open(greeted: Bool), closing(Int) }

    var machine: GatewayMachine
    private(set) var now = Moment(milliseconds: 0)
    private(set) var starts = 0
    private var random: SeededGenerator
    private var line = Line.none
    private var session: Session?
    private var isListening = false
    private var asked = false
    private var keeping = false
    private var beats = 0
    private var unanswered = 0
    private var sent: [Moment] = []
    private var lastStart: Moment?
    private var sessions = 0

    init(_ seed: UInt64) {
        random = SeededGenerator(seed)
        var own = SeededGenerator(seed &+ 1000)
        let numbers = (0..<64).map { _ in Double.random(in: 0...1, using: &own) }
        machine = GatewayMachine(starts: []) { numbers[Int(seed % 64)] }
    }

    var isSettled: Bool { machine.phase == .live && isListening && session.map { $0.number == $0.told } ?? false }

    mutating func step(calm: Bool) throws {
        if machine.phase == .stopped { return try feed(.start) }
        let odd = calm ? 0 : Int.random(in: 0..<100, using: &random)
        if asked {
            asked = false
            return try feed(
                odd > 90
                    ? .noAddress(.unavailable("")) : .address(GatewayAddress(url: "wss://g", remaining: 500, resetAfter: 0)))
        }
        if keeping {
            keeping = false
            return try feed(.kept(odd < 95))
        }
        switch line {
        case .none:
            // A session that nobody listens to is forgotten some day.
            if odd < 10, !calm { session = nil }
        case .opening:
            let works = odd < 80
            line = works ? .open(greeted: false) : .none
            return try feed(works ? .opened : .notOpened)
        case .closing(let code):
            line = .none
            return try feed(.closed(code: code))
        case .open(let greeted):
            if try trouble(odd) { return }
            if !greeted, odd < 95 {
                line = .open(greeted: true)
                return try feed(.received(.hello(interval: 41_250)))
            }
            if unanswered > 0, odd < 95 {
                unanswered -= 1
                return try feed(.received(.heartbeatTaken))
            }
            if isListening, !calm || session.map({ $0.number > $0.told }) ?? false { return try event(odd) }
        }
        // Time passes.
        let next = machine.wake ?? now + 1000
        now = calm || odd < 50 ? max(now, next) : now + Int64.random(in: 1...10_000, using: &random)
        try feed(.alarm)
    }

    /// Something that a server or a network may do at any time.
    private mutating func trouble(_ odd: Int) throws -> Bool {
        switch odd {
        case 80..<83:
            let codes: [Int?] = [nil, nil, 1000, 4000, 4003, 4007, 4008, 4009]
            let code = codes[Int.random(in: 0..<codes.count, using: &random)]
            if [4003, 4007, 4009].contains(code) { session = nil }
            hangUp()
            line = .none
            try feed(.closed(code: code))
        case 83: try feed(.received(.reconnect))
        case 84:
            let resumable = Bool.random(using: &random)
            if !resumable { session = nil }
            isListening = false
            try feed(.received(.invalidSession(resumable: resumable)))
        case 85..<88: try feed(.received(.heartbeatRequest))
        case 88: try feed(.garbled)
        default: return false
        }
        return true
    }

    private mutating func event(_ odd: Int) throws {
        guard var session else { return }
        session.number += 1
        self.session = session
        if odd == 70, session.losses < 2, session.number == session.told + 1 {
            self.session?.losses += 1
            return
        }
        try feed(.received(.event(.other("\(session.id) \(session.number)"), number: session.number)))
        if odd == 71, machine.phase == .live {
            try feed(.received(.event(.other("\(session.id) \(session.number)"), number: session.number)))
        }
    }

    private mutating func hangUp() {
        isListening = false
        unanswered = 0
    }

    private mutating func feed(_ input: GatewayMachine.Input) throws {
        for action in machine.handle(input, at: now, wall: now.milliseconds) {
            switch action {
            case .askAddress: asked = true
            case .keep(let starts):
                keeping = true
                #expect(starts.last == now.milliseconds)
            case .connect:
                guard case .none = line else { throw Broken.rule("a second connection") }
                line = .opening
            case .close(let code):
                #expect(code != 1000 && code != 1001, "that would end the session")
                hangUp()
                line = .closing(code)
            case .deliver(let event): try delivered(event)
            case .send(let payload): try took(payload)
            case .fail(let error): throw Broken.rule("it gave up: \(error)")
            }
        }
        if case .waiting = machine.phase { #expect(machine.wake != nil) }
    }

    private mutating func delivered(_ event: GatewayEvent) throws {
        guard case .other(let text) = event, let session else { return }
        #expect(text == "\(session.id) \(session.told + 1)")
        self.session?.told += 1
    }

    private mutating func took(_ payload: Outgoing) throws {
        guard case .open(true) = line else { throw Broken.rule("\(payload) without a greeted connection") }
        sent = sent.filter { $0 + 60_000 > now } + [now]
        #expect(sent.count <= 120)
        switch payload {
        case .heartbeat: unanswered += 1
        case .identify:
            #expect(!isListening)
            if let lastStart { #expect(now - lastStart >= 5000) }
            lastStart = now
            starts += 1
            sessions += 1
            session = Session(id: "s\(sessions)")
            isListening = true
            let ready = GatewayEvent.Ready(user: User(id: Snowflake(1), username: "orch"), applicationID: Snowflake(1))
            try feed(.received(.ready(id: "s\(sessions)", resumeURL: "wss://r", ready, number: 1)))
        case .resume(let id, let number):
            guard let session, session.id == id else { return try feed(.received(.invalidSession(resumable: false))) }
            #expect(number == session.told)
            isListening = true
            if session.number > number {
                for missed in number + 1...session.number {
                    try feed(.received(.event(.other("\(id) \(missed)"), number: missed)))
                }
            }
            self.session?.number += 1
            self.session?.told = session.number + 1
            try feed(.received(.resumed(number: session.number + 1)))
        }
    }

    private enum Broken: Error { case rule(String) }
}
