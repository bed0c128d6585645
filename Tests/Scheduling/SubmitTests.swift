import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

@Suite struct SubmitTests {
    @Test func oneIsAnsweredWithOneAndManyWithMany() throws {
        let rig = try Rig()
        #expect(try rig.ask(.submit(.one(.command("a")))) == .submitted(.one(Submitted(id: 1, created: true))))
        #expect(
            try rig.ask(.submit(.many([.command("b"), .command("c")])))
                == .submitted(.many([Submitted(id: 2, created: true), Submitted(id: 3, created: true)])))
        #expect(try rig.ask(.submit(.many([]))) == .submitted(.many([])))
    }

    @Test func aBatchIsTakenWholeOrNotAtAll() throws {
        let rig = try Rig()
        let error = try rig.refusal(.submit(.many([.command("a"), .command("b") { $0.timeout = -1 }, .command("c")])))
        #expect(error.kind == .invalidParameter)
        #expect(error.data?.field == "[1].timeout")
        #expect(rig.counts("default") == TaskCounts())
        #expect(!rig.events.contains { $0.kind == .taskQueued })
    }

    /// What is wrong with a task, and the field that the error names.
    @Test(arguments: [
        ("command", TaskSpec()),
        ("command", TaskSpec(command: [])),
        ("command", TaskSpec(command: [""])),
        ("command[1]", TaskSpec(command: ["a", "b\0c"])),
        ("command[1]", TaskSpec(command: ["a", String(repeating: "x", count: 131_072)])),
        ("command", TaskSpec(command: Array(repeating: String(repeating: "x", count: 100_000), count: 30))),
        ("prompt", .command { $0.prompt = "and this" }),
        ("prompt", TaskSpec(prompt: " \n\t")),
        ("prompt", TaskSpec(prompt: "a\0b")),
        ("prompt", TaskSpec(prompt: "the pool has no agent")),
        ("name", .command { $0.name = "" }),
        ("name", .command { $0.name = "a\nb" }),
        ("name", .command { $0.name = String(repeating: "ä", count: 101) }),
        ("key", .command { $0.key = "" }),
        ("key", .command { $0.key = String(repeating: "k", count: 257) }),
        ("labels", .command { $0.labels = ["": "x"] }),
        ("labels.a", .command { $0.labels = ["a": "x\0"] }),
        ("labels", .command { $0.labels = Dictionary(uniqueKeysWithValues: (0..<65).map { ("l\($0)", "") }) }),
        ("env.", .command { $0.env = ["": "x"] }),
        ("env.A=B", .command { $0.env = ["A=B": "x"] }),
        ("env.A", .command { $0.env = ["A": "x\0"] }),
        ("env.ORCH_TASK_ID", .command { $0.env = ["ORCH_TASK_ID": "7"] }),
        ("env", .command { $0.env = Dictionary(uniqueKeysWithValues: (0..<257).map { ("V\($0)", "") }) }),
        ("cwd", .command { $0.cwd = "relative" }),
        ("cwd", .command { $0.cwd = "" }),
        ("timeout", .command { $0.timeout = 0 }),
        ("timeout", .command { $0.timeout = .infinity }),
        ("idle_timeout", .command { $0.idleTimeout = 1e9 }),
        ("retry_delay", .command { $0.retryDelay = -0.1 }),
        ("retries", .command { $0.retries = -1 }),
        ("retries", .command { $0.retries = 1001 }),
        ("retry_on", .command { $0.retryOn = [] }),
        ("priority", .command { $0.priority = 1_000_001 }),
        ("pool", .command { $0.pool = "defualt" }),
    ])
    func anErrorNamesItsField(field: String, spec: TaskSpec) throws {
        let rig = try Rig()
        #expect(try rig.refusal(.submit(.one(spec))).data?.field == field)
        #expect(try rig.refusal(.submit(.many([.command(), spec]))).data?.field == "[1].\(field)")
        #expect(rig.counts("default") == TaskCounts())
    }

    @Test func anUnknownPoolIsAnsweredWithTheNearest() throws {
        let error = try Rig().refusal(.submit(.one(.command { $0.pool = "defualt" })))
        #expect(error.kind == .unknownPool)
        #expect(error.message.contains("did you mean \"default\""))
    }

    /// A key is its submitter's: whoever uses the same one has a task of their own.
    @Test func twoUsersMayHaveTheSameKey() throws {
        let rig = try Rig()
        let keyed = Command.submit(.one(.command { $0.key = "k" }))
        for requester in [Rig.alice, Rig.bob, Rig.admin] {
            let (first, second) = (try rig.ask(keyed, by: requester), try rig.ask(keyed, by: requester))
            guard case .submitted(.one(let made)) = first, case .submitted(.one(let found)) = second else {
                Issue.record("\(first), \(second)")
                continue
            }
            #expect(made.created && !found.created && made.id == found.id)
            #expect(try rig.task(made.id).definition.submitter == requester.uid)
        }
    }

    @Test func aKeyMakesOneTask() throws {
        let rig = try Rig()
        let keyed = TaskSpec.command { $0.key = "k" }
        #expect(try rig.ask(.submit(.one(keyed))) == .submitted(.one(Submitted(id: 1, created: true))))
        #expect(try rig.ask(.submit(.one(keyed))) == .submitted(.one(Submitted(id: 1, created: false))))
        try rig.end(1)
        #expect(try rig.ask(.submit(.one(keyed))) == .submitted(.one(Submitted(id: 1, created: false))))
        let other = TaskSpec.command { $0.key = "other" }
        #expect(
            try rig.ask(.submit(.many([other, keyed, other])))
                == .submitted(
                    .many([
                        Submitted(id: 2, created: true), Submitted(id: 1, created: false), Submitted(id: 2, created: false),
                    ])))
    }

    /// However short the retention is, who asks again within a day has the answer of the first time. It is not kept for ever, and not
    /// for everybody.
    @Test func aKeyOutlivesItsTaskForADay() throws {
        let rig = try Rig()
        let keyed = TaskSpec.command { $0.key = "k" }
        func submit(by requester: Requester = Rig.alice) throws -> Submitted {
            let reply = try rig.ask(.submit(.one(keyed)), by: requester)
            let results: [Submitted] = if case .submitted(let result) = reply { result.all } else { [] }
            return try #require(results.first, "\(reply)")
        }
        let start = rig.now.wall
        #expect(try submit() == Submitted(id: 1, created: true))
        try rig.end(1)
        rig.advance(10)
        try rig.turn(.retire(before: rig.now.wall, keep: 100))
        #expect(try !rig.exists(1))
        for _ in 0..<2 {
            let again = try submit()
            #expect(again.id == 1 && !again.created)
            #expect(again.warning == "task 1 was made with the same key, and has been forgotten since; this one was not made")
        }
        #expect(try submit(by: Rig.bob) == Submitted(id: 2, created: true))
        rig.advance(start + KeptAnswer.lifetime - rig.now.wall - 1)
        try rig.turn(.retire(before: 0, keep: 100))
        #expect(try submit().id == 1)
        rig.advance(1)
        #expect(try submit() == Submitted(id: 3, created: true))
    }

    @Test func whatIsNotGivenComesFromThePool() throws {
        let rig = try Rig(pools: [
            PoolSettings(name: "default", slots: 1, agent: "claude", timeout: 5_000, idleTimeout: 700, retries: 3)
        ])
        let plain = try rig.task(try rig.submit(.command()))
        #expect((plain.timeout, plain.idleTimeout, plain.retry.retries) == (5_000, 700, 3))
        #expect((plain.retry.causes, plain.retry.delay) == (RetryPolicy.defaultCauses, RetryPolicy.defaultDelay))
        #expect(plain.definition.submitter == Rig.alice.uid)
        #expect(plain.definition.submittedAt == rig.now.wall)
        let full = try rig.task(
            try rig.submit(
                TaskSpec(prompt: "do").filled {
                    $0.timeout = 1.5
                    $0.idleTimeout = 0.001
                    $0.retries = 0
                    $0.retryOn = [.spawn]
                    $0.retryDelay = 0
                    $0.stdin = "in\0put"
                    $0.env = ["A": "\u{301}=b", "C": ""]
                    $0.labels = ["a.b": "\"\n"]
                }))
        #expect((full.timeout, full.idleTimeout, full.retry.retries) == (1_500, 1, 0))
        #expect((full.retry.causes, full.retry.delay) == ([.spawn], 0))
        #expect(full.definition.work == .prompt("do"))
        #expect(full.definition.environment == ["A": "\u{301}=b", "C": ""])
        #expect(full.definition.labels == ["a.b": "\"\n"])
        try rig.end(1)
        // Its input goes along with the launch, a NUL in it included.
        #expect(try rig.input(of: full.id) == "in\0put")
    }

    @Test func theInputGoesAlong() throws {
        let rig = try Rig()
        let input = rig.request(.submit(.one(.command { $0.stdin = "a\0b" })))
        #expect(try rig.turn(input).launches.map(\.input) == ["a\0b"])
    }

    @Test func aDrainingPoolTakesNothing() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 1), PoolSettings(name: "other", slots: 0)])
        try rig.submit(.command())
        let second = try rig.submit(.command())
        let elsewhere = try rig.submit(.command { $0.pool = "other" })
        try rig.ask(.drainPool("default"))
        let error = try rig.refusal(.submit(.many([.command { $0.pool = "other" }, .command()])))
        #expect((error.kind, error.data?.field) == (.draining, "[1].pool"))
        var change = UpdateParameters(id: elsewhere)
        change.pool = "default"
        #expect(try rig.refusal(.update(change)).kind == .draining)
        // It finishes those it has.
        #expect(try rig.end(1).launchedTasks == [second])
        try rig.ask(.resumePool("default"))
        try rig.submit(.command())
    }

    @Test func theLimitIsOnWhatIsQueued() throws {
        let rig = try Rig(slots: 1, mostQueued: 3)
        try rig.submit(.command())
        try rig.submit(many: [.command(), .command(), .command()])
        let error = try rig.refusal(.submit(.one(.command())))
        #expect(error.kind == .tooBusy)
        try rig.end(1)
        #expect(try rig.refusal(.submit(.many([.command(), .command()]))).kind == .tooBusy)
        try rig.submit(.command())
        // Those of one turn count, too.
        try rig.ask(.cancel(CancelParameters(all: true)))
        let first = rig.request(.submit(.many([.command(), .command()])))
        let second = rig.request(.submit(.many([.command(), .command()])))
        let turn = try rig.turn(first, second)
        guard case .submitted = turn.reply(to: first), case .failed(let refused) = turn.reply(to: second) else {
            Issue.record("\(turn)")
            return
        }
        #expect(refused.kind == .tooBusy)
    }
}

extension TaskSpec {
    func filled(_ fill: (inout TaskSpec) -> Void) -> TaskSpec {
        var spec = self
        fill(&spec)
        return spec
    }

    @Test func aPoolThatRunsOnlySomeProgramsRefusesOthers() throws {
        var pool = PoolSettings(name: "default", slots: 1)
        pool.programs = ["/usr/bin/git", "/usr/bin/make"]
        let rig = try Rig(pools: [pool])
        for command in ["git", "/usr/bin/make"] { try rig.submit(.command(command)) }
        for command in ["it", "/bin/git", "./git", "sh", ""] {
            guard case .failed(let error) = try rig.ask(.submit(.one(.command(command)))) else {
                Issue.record("\(command) was accepted")
                continue
            }
            #expect(
                command.isEmpty
                    || error.message == "the pool \"default\" runs only /usr/bin/git, /usr/bin/make"
                        && error.data?.field == "command"
            )
        }
    }

    @Test func nothingIsAskedOfOutputThatNobodyLooksAt() throws {
        var pool = PoolSettings(name: "default", slots: 1)
        pool.keepsOutput = false
        let rig = try Rig(pools: [pool])
        try rig.submit(.command())
        let error = try rig.refusal(.submit(.one(.command { $0.idleTimeout = 5 })), by: Rig.alice)
        #expect(error.kind == .invalidParameter && error.data?.field == "idle_timeout")
        #expect(try rig.refusal(.submit(.one(.command { $0.resultSchema = .bool(true) }))).data?.field == "result_schema")
    }
}
