import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// Programs that choose for prompts: whatever becomes of one, its task goes on, and none is asked twice.
@Suite struct RouteProgramTests {
    private static func pool(_ name: String, agent: String? = "llm", _ fill: (inout PoolSettings) -> Void = { _ in })
        -> PoolSettings
    {
        var pool = PoolSettings(name: name, slots: 2, agent: agent)
        fill(&pool)
        return pool
    }

    private static let pools = [
        pool("default"), pool("routers", agent: nil), pool("commands", agent: nil),
        pool("big", agent: "thinker") { pool in
            pool.timeout = 7_000
            pool.retries = 3
            pool.capabilities = ["gpu"]
        },
    ]

    private static func rules(timeout: Int64 = 5_000) -> Rules {
        var ask = RouteRule(name: "ask", program: .init(command: ["/bin/choose"], pool: "routers", timeout: timeout))
        ask.match.minimum = 5
        ask.choice.model = "cheap"
        ask.choice.thinking = .low
        return Rules(
            agents: [
                "llm": AgentSettings(thinking: [.low], longestPrompt: 100), "thinker": AgentSettings(thinking: [.high]),
            ], routes: [ask], aliases: ["cheap": "openrouter/tiny", "large": "openrouter/huge"])
    }

    private func rig() throws -> Rig { try Rig(pools: Self.pools, rules: Self.rules()) }

    /// Submits a prompt and has its program started; answers the program's attempt.
    private func ask(_ rig: Rig, _ spec: TaskSpec = .prompt("choose for me")) throws -> (task: Int64, attempt: Int64) {
        let id = try rig.submit(spec)
        let attempt = try rig.live(of: id)
        #expect(attempt.isRouting && attempt.pool == "routers")
        try rig.start(attempt.id)
        return (id, attempt.id)
    }

    @discardableResult
    private func answer(_ rig: Rig, _ attempt: Int64, _ answer: RouteAnswer?) throws -> TurnResult {
        var end = rig.ending(attempt)
        end.answer = answer
        return try rig.turn(.ended(end))
    }

    // MARK: Asking

    @Test func aPromptWaitsInThePoolOfTheProgramAndThenGoesOn() throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig)
        let asked = try rig.task(id)
        #expect(asked.pool == "routers" && asked.attempts == 0 && asked.definition.route == nil && asked.lane == "")
        #expect(asked.definition.routing == Routing(rule: "ask", pool: "default", given: []))
        let turn = try answer(
            rig, attempt,
            .fields(["model": .string("large"), "pool": .string("big"), "thinking": .string("high"), "priority": .integer(4)]))
        let task = try rig.task(id)
        #expect((task.pool, task.priority, task.timeout, task.retry.retries) == ("big", 4, 7_000, 3))
        #expect((task.definition.model, task.definition.thinking, task.definition.route) == ("openrouter/huge", .high, "ask"))
        #expect(task.definition.routing == nil && task.attempts == 1 && task.attemptsBeforeRetry == 0)
        #expect(task.lane == "agent:thinker/openrouter")
        // It is started at once: the routing and the start are one commit.
        #expect(turn.launches.map(\.attempt.number) == [1] && turn.acknowledged == [attempt])
        #expect(
            try rig.attempt(attempt).reason
                == "rule \"ask\": its program chose model \"large\", pool \"big\", thinking \"high\", priority 4")
        #expect(rig.events.filter { $0.task == id }.map(\.kind) == [.taskQueued, .taskRouting, .taskRouted])
        #expect(rig.events.last { $0.kind == .taskRouted }?.pool == "big")
    }

    @Test func whatTheSubmitterSaysStands() throws {
        let rig = try rig()
        let (id, attempt) = try ask(
            rig,
            .prompt("[model:mine] choose for me") {
                $0.pool = "default"
                $0.priority = 2
                $0.timeout = 3
            })
        try answer(
            rig, attempt,
            .fields(["model": .string("large"), "pool": .string("big"), "priority": .integer(9), "thinking": .string("low")]))
        let task = try rig.task(id)
        #expect((task.definition.model, task.pool, task.priority, task.timeout) == ("mine", "default", 2, 3_000))
        #expect(task.definition.thinking == .low && task.definition.isPoolGiven)
    }

    @Test func nobodyIsAskedWhereNothingIsOpen() throws {
        let rig = try rig()
        let id = try rig.submit(
            .prompt("choose for me") { ($0.pool, $0.model, $0.thinking, $0.priority) = ("default", "m", .low, 0) })
        #expect(try rig.task(id).definition.routing == nil && rig.task(id).definition.route == "ask")
        #expect(try rig.live(of: id).number == 1)
        let short = try rig.submit(.prompt("hi"))
        #expect(try rig.task(short).definition.route == nil)
        #expect(try rig.submit(.command("a long command")) == short + 1)
    }

    @Test func whatWouldBeRefusedWithoutTheProgramIsRefused() throws {
        let rig = try rig()
        #expect(try rig.refusal(.submit(.one(.prompt("choose for me") { $0.pool = "nowhere" }))).data?.field == "pool")
        let long = String(repeating: "x", count: 101)
        #expect(try rig.refusal(.submit(.one(.prompt(long)))).data?.field == "prompt")
    }

    // MARK: Answers

    @Test(arguments: [
        (RouteAnswer.fields([:]), "chose nothing"),
        (.fields(["pool": .string("nowhere")]), "chose nothing; there is no pool \"nowhere\""),
        (.fields(["pool": .string("commands")]), "chose nothing; the pool \"commands\" has no agent for prompts"),
        (.fields(["pool": .array([])]), "chose nothing; it answered an invalid pool name"),
        (.fields(["model": .integer(4)]), "chose nothing; it answered an invalid model name"),
        (.fields(["model": .string("")]), "chose nothing; it answered an invalid model name"),
        (.fields(["model": .string("a\0b")]), "chose nothing; it answered an invalid model name"),
        (.fields(["model": .string(String(repeating: "m", count: 201))]), "chose nothing; it answered an invalid model name"),
        (
            .fields(["thinking": .string("high")]),
            "chose nothing; it answered a thinking level that the pool \"default\" does not take"
        ),
        (
            .fields(["thinking": .string("hard")]),
            "chose nothing; it answered a thinking level that the pool \"default\" does not take"
        ),
        (
            .fields(["priority": .integer(1_000_001)]),
            "chose nothing; its priority is not a whole number from -1000000 to 1000000"
        ),
        (.fields(["priority": .string("4")]), "chose nothing; its priority is not a whole number from -1000000 to 1000000"),
        (.fields(["model": .null, "surprise": .bool(true)]), "chose nothing"),
        (.unusable("printed nothing"), "printed nothing, so its default holds"),
    ])
    func whatIsNoGoodIsAsIfItWereLeftOpen(_ said: RouteAnswer, _ reason: String) throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig)
        try answer(rig, attempt, said)
        let task = try rig.task(id)
        #expect((task.pool, task.definition.model, task.definition.thinking) == ("default", "openrouter/tiny", .low))
        #expect(task.definition.route == "ask" && task.attempts == 1)
        #expect(try rig.attempt(attempt).reason == "rule \"ask\": its program " + reason)
    }

    @Test func oneBadFieldDoesNotSpoilTheOthers() throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig)
        try answer(rig, attempt, .fields(["pool": .string("nowhere"), "model": .string("large")]))
        #expect(try rig.task(id).definition.model == "openrouter/huge" && rig.task(id).pool == "default")
    }

    /// The level of the rule is one of the pool that the rule had in mind.
    @Test func aLevelThatTheChosenPoolDoesNotKnowIsLeftToItsAgent() throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig)
        try answer(rig, attempt, .fields(["pool": .string("big")]))
        #expect(try rig.task(id).definition.thinking == nil && rig.task(id).pool == "big")
        let (second, program) = try ask(rig, .prompt("[thinking:low] choose for me"))
        try answer(rig, program, .fields(["pool": .string("big")]))
        #expect(try rig.task(second).pool == "default" && rig.task(second).definition.thinking == .low)
    }

    @Test func aPoolMustOfferWhatIsNeededAndNotDrain() throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig, .prompt("[needs:gpu] [thinking:high] choose for me"))
        #expect(try rig.task(id).definition.routing?.pool == "big")
        try answer(rig, attempt, .fields(["pool": .string("default")]))
        #expect(try rig.task(id).pool == "big")
        let (second, program) = try ask(rig)
        try rig.ask(.drainPool("big"))
        try answer(rig, program, .fields(["pool": .string("big")]))
        #expect(try rig.task(second).pool == "default")
    }

    // MARK: Failures

    @Test(arguments: [AttemptEnd.Ending.exited(1), .signalled(9), .failedToStart("no such program"), .lost("lost with it")])
    func aProgramThatFailsLeavesTheDefault(_ ending: AttemptEnd.Ending) throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig)
        var end = rig.ending(attempt, ending)
        end.answer = .fields(["model": .string("large")])
        try rig.turn(.ended(end))
        let task = try rig.task(id)
        #expect((task.pool, task.definition.model, task.definition.route) == ("default", "openrouter/tiny", "ask"))
        #expect(task.attempts == 1 && task.phase == .active)
        #expect(try rig.attempt(attempt).reason?.hasSuffix("so its default holds") ?? false)
    }

    @Test func aProgramThatHangsIsEndedAndItsTaskGoesOn() throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig, .prompt("choose for me") { $0.timeout = 1 })
        rig.advance(4_999)
        #expect(try rig.turn().stopped == [])
        rig.advance(1)
        #expect(try rig.turn().stopped == [attempt])
        try rig.end(attempt, .signalled(15), stopped: true)
        #expect(try rig.attempt(attempt).outcome?.kind == .runTimeout)
        #expect(try rig.task(id).pool == "default" && rig.live(of: id).number == 1)
        // The time of the program is not taken from the task's.
        try rig.start(rig.live(of: id).id)
        rig.advance(999)
        #expect(try rig.turn().stopped == [])
        rig.advance(1)
        #expect(try rig.turn().stopped.count == 1)
    }

    @Test func aShortageIsWaitedFor() throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig)
        try rig.end(attempt, .shortOfResources("no process"))
        #expect(try rig.task(id).phase == .delayed && rig.task(id).attempts == 0)
        rig.advance(1_000)
        try rig.turn()
        #expect(try rig.live(of: id).isRouting)
    }

    @Test func aTaskThatIsBeingRoutedCanBeCancelledAndTriedAgainWithoutAsking() throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig)
        #expect(try rig.ask(.cancel(CancelParameters(ids: [id]))) == .changed(.init(tasks: [.init(id: id, state: .running)])))
        try rig.end(attempt, .signalled(15), stopped: true)
        #expect(try rig.task(id).phase == .cancelled && rig.task(id).attempts == 0)
        try rig.ask(.retry([id]))
        #expect(try rig.task(id).pool == "default" && rig.live(of: id).number == 1)
        // One that has not been asked yet is.
        let other = try rig.submit(.prompt("choose for me") { $0.hold = true })
        try rig.ask(.cancel(CancelParameters(ids: [other])))
        try rig.ask(.retry([other]))
        #expect(try rig.live(of: other).isRouting)
    }

    @Test func whatIsUpdatedMeanwhileIsTheSubmittersWord() throws {
        let rig = try rig()
        let id = try rig.submit(.prompt("choose for me") { $0.hold = true })
        var change = UpdateParameters(id: id)
        (change.pool, change.priority, change.retries) = ("big", 3, 1)
        // The level of the rule is none of that pool's.
        #expect(try rig.refusal(.update(change)).data?.field == "pool")
        change.pool = "default"
        try rig.ask(.update(change))
        #expect(try rig.task(id).pool == "routers")
        try rig.ask(.release([id]))
        let attempt = try rig.live(of: id)
        try answer(rig, attempt.id, .fields(["pool": .string("big"), "priority": .integer(0), "model": .string("large")]))
        let task = try rig.task(id)
        #expect((task.pool, task.priority, task.retry.retries, task.definition.model) == ("default", 3, 1, "openrouter/huge"))
    }

    // MARK: Crashes and reloads

    @Test func anEngineThatComesAnewGoesOnWithWhatIsAsked() throws {
        let rig = try rig()
        let (id, attempt) = try ask(rig)
        let start = rig.starting(attempt)
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: attempt, started: [start]))
        rig.advance(5_000)
        #expect(try rig.turn().stopped == [attempt])
        try rig.end(attempt, .signalled(15), stopped: true)
        #expect(try rig.live(of: id).number == 1)
    }

    @Test func aProgramThatTheSupervisorNeverHeardOfIsOrderedAgain() throws {
        let rig = try rig()
        let id = try rig.submit(.prompt("choose for me"))
        let attempt = try rig.live(of: id)
        try rig.restart()
        let turn = try rig.connect()
        #expect(turn.launches.map(\.attempt.id) == [attempt.id] && turn.launches[0].attempt.isRouting)
    }

    @Test(arguments: [0, 1, 2]) func aReloadThatLeavesNobodyToAskLetsItGo(_ kind: Int) throws {
        let rig = try rig()
        let asked = try ask(rig)
        try rig.ask(.pausePool("routers"))
        let waiting = try rig.submit(.prompt("choose for me"))
        let held = try rig.submit(.prompt("choose for me") { $0.hold = true })
        #expect(try rig.task(waiting).phase == .ready && rig.task(waiting).pool == "routers")
        switch kind {
        case 0: rig.rules.routes = []
        case 1: rig.pools.removeAll { $0.name == "routers" }
        default:
            let index = try #require(rig.pools.firstIndex { $0.name == "routers" })
            rig.pools[index].warm = WarmSettings(minReady: 0, maxIdle: 1_000, readyTimeout: 1_000, fingerprint: 1)
        }
        try rig.reload()
        #expect(try rig.task(waiting).pool == "default" && rig.task(waiting).definition.routing == nil)
        #expect(try rig.task(waiting).definition.model == "openrouter/tiny")
        try rig.ask(.release([held]))
        #expect(try rig.task(held).pool == "default" && rig.task(held).definition.routing == nil)
        try answer(rig, asked.attempt, .fields(["model": .string("large")]))
        #expect(try rig.task(asked.task).definition.model == "openrouter/tiny" && rig.task(asked.task).pool == "default")
    }

    @Test func aRuleThatMovesToAnotherPoolTakesThoseThatWaitAlong() throws {
        let rig = try rig()
        try rig.ask(.pausePool("routers"))
        let id = try rig.submit(.prompt("choose for me"))
        rig.rules.routes[0].program?.pool = "commands"
        let turn = try rig.reload()
        #expect(turn.launches.map(\.attempt.isRouting) == [true])
        #expect(try rig.live(of: id).pool == "commands")
    }

    @Test func aPoolOfProgramsThatDrainsIsNotAsked() throws {
        let rig = try rig()
        try rig.ask(.drainPool("routers"))
        let id = try rig.submit(.prompt("choose for me"))
        #expect(try rig.task(id).pool == "default" && rig.task(id).definition.route == "ask")
    }

    // MARK: Explaining

    @Test func itSaysWhoWouldBeAsked() throws {
        let pools = Dictionary(uniqueKeysWithValues: Self.pools.map { ($0.name, $0) })
        let router = TaskRouter(rules: Self.rules(), pools: pools)
        let explanation = try router.explain(.prompt("choose for me"), by: Requester(uid: 5, isAdministrator: false))
        #expect(explanation.asks == RouteProgram(command: ["/bin/choose"], pool: "routers", timeout: 5))
        #expect((explanation.pool, explanation.model, explanation.route) == ("default", "openrouter/tiny", "ask"))
        #expect(try router.explain(.prompt("hi"), by: Requester(uid: 5, isAdministrator: false)).asks == nil)
    }
}
