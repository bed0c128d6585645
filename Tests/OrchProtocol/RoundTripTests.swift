import FoundationEssentials
import OrchProtocol
import Testing

/// Every message keeps its meaning on the way through a line.
@Suite struct RoundTripTests {
    static let time = Timestamp(milliseconds: 1_795_371_903_250)

    static var spec: TaskSpec {
        var spec = TaskSpec(command: ["make", "-j2", "a b", "ü\n\u{1F600}"])
        spec.pool = "build"
        spec.name = "nightly"
        spec.comment = "why\nit runs"
        spec.labels = ["team": "core", "": ""]
        spec.priority = -7
        spec.timeout = 90.5
        spec.idleTimeout = 5
        spec.retries = 3
        spec.retryOn = RetryCause.allCases
        spec.retryDelay = 0.25
        spec.notBefore = time
        spec.expires = time
        spec.hold = true
        spec.key = "k"
        spec.env = ["A": "1"]
        spec.cwd = "/tmp"
        spec.stdin = "in\n"
        spec.model = "m"
        spec.thinking = .high
        spec.needs = ["gpu", "net"]
        spec.resources = ResourceLimits()
        for resource in ResourceLimits.Resource.allCases { spec.resources?[resource] = resource.range.upperBound }
        spec.scope = TaskScope(pools: ["p"], children: 5, running: 2, cost: 7)
        (spec.detach, spec.step) = (true, true)
        spec.resultSchema = .object([
            "enum": .array([.null, .bool(true), .integer(-1), .number(0.25), .string("\u{1F600}\""), .object([:])])
        ])
        return spec
    }

    /// At least one call for each method, with every parameter set and with as few as possible.
    static var calls: [Call] {
        var list = ListParameters()
        list.states = StateFilter.allCases
        (list.pool, list.name, list.labels, list.limit, list.cursor) = ("p", "n", ["a": "b"], 10, 99)
        (list.parent, list.below) = (4, 5)
        var update = UpdateParameters(id: 1)
        (update.pool, update.name, update.priority, update.timeout, update.retries) = ("p", "n", 5, 1.5, 2)
        (update.notBefore, update.comment) = (time, "c")
        var work = UpdateParameters(id: 2)
        work.arguments = ["a", ByteString([0xFF])]
        var prompt = UpdateParameters(id: 3)
        prompt.prompt = "p"
        var ask = AskParameters(text: "Deploy?", choices: ["yes", "no"])
        (ask.freeText, ask.timeout, ask.default, ask.step) = (true, 7200, "no", "deploy")
        var logs = LogsParameters(id: 1)
        (logs.attempt, logs.stream, logs.follow, logs.tail, logs.since) = (2, .stderr, true, 10, time)
        return [
            Call(.submit, .one(spec)), Call(.submit, .one(TaskSpec(prompt: "p"))),
            Call(.submit, .many([spec, TaskSpec(prompt: "")])),
            Call(.submit, .many([])), Call(.get, GetParameters(id: .max, result: true)), Call(.get, GetParameters(id: 1)),
            Call(.list, list),
            Call(.list, ListParameters()), Call(.update, update), Call(.update, work), Call(.update, prompt),
            Call(.cancel, CancelParameters(ids: [1, 2])),
            Call(.cancel, CancelParameters(pool: "p")), Call(.update, update).keyed(by: "k"),
            Call(.cancel, CancelParameters(all: true)).keyed(by: "k"), Call(.hold, TaskSelection(ids: [1])).keyed(by: "\"k"),
            Call(.agentResume, AgentSelection(agent: "a")).keyed(by: "k"), Call(.cancel, CancelParameters(all: true)),
            Call(.retry, RetryParameters(ids: [3], fresh: true)),
            Call(.hold, TaskSelection(ids: [])), Call(.release, TaskSelection(ids: [1])), Call(.pause, TaskSelection(ids: [1])),
            Call(.resume, TaskSelection(ids: [1])), Call(.remove, TaskSelection(ids: [1])).keyed(by: "k"),
            Call(.wait, WaitParameters(ids: [1])), Call(.logs, logs),
            Call(.logs, LogsParameters(id: 1)), Call(.file, FileParameters(id: 1, name: "a b", attempt: 2, offset: 1 << 40)),
            Call(.file, FileParameters(id: 1, name: "")), Call(.routeExplain, TaskSpec(prompt: "p")), Call(.poolList),
            Call(.agentList),
            Call(.usage, UsageParameters(by: .label, since: Self.time)),
            Call(.poolPause, PoolSelection(pool: "p")),
            Call(.poolResume, PoolSelection(pool: "p")), Call(.poolResize, ResizeParameters(pool: "p", slots: 4)),
            Call(.poolDrain, PoolSelection(pool: "p")), Call(.agentResume, AgentSelection(agent: "a")),
            Call(.workerList, WorkerListParameters(pool: "p")),
            Call(.workerList, WorkerListParameters()), Call(.status), Call(.reload), Call(.drain),
            Call(.stop, StopParameters(now: true)),
            Call(.stop, StopParameters()), Call(.backup), Call(.version),
            Call(.subscribe, SubscribeParameters(after: 7, follow: false)),
            Call(.progress, ProgressParameters(percent: 40, text: "reading")), Call(.ask, ask), Call(.ask, ask).keyed(by: "k"),
            Call(.ask, AskParameters(text: "Why?")), Call(.questionWait, QuestionWaitParameters(question: "42.q1", timeout: 5)),
            Call(.answer, AnswerParameters(question: "42", answer: "yes")),
            Call(.questionList, QuestionListParameters(task: 42)),
            Call(.questionList, QuestionListParameters(all: true)),
            Call(.subscribe, SubscribeParameters()), Call(.cancelRequest, CancelRequestParameters(request: .number(1))),
            Call(.cancelRequest, CancelRequestParameters(request: .string("a"))),
        ]
    }

    @Test func everyMethodHasACall() {
        #expect(Set(Self.calls.map(\.method.name)) == Set(Methods.all.map(\.name)))
    }

    @Test(arguments: calls) func requestRoundTrip(_ call: Call) throws {
        for id in [RequestID.number(.min), .number(0), .string(""), .string("a\"b")] {
            let line = try Wire.line(Request(id: id, call: call))
            #expect(!line.contains(0x0A))
            let (readID, result) = Wire.request(from: line)
            #expect(readID == id)
            #expect(try result.get() == Request(id: id, call: call))
        }
    }

    @Test(arguments: [
        "pool.list", "worker.list", "agent.list", "daemon.status", "daemon.reload", "daemon.drain", "daemon.stop",
        "daemon.backup", "daemon.version", "events.subscribe", "task.list", "question.list",
    ])
    func parametersMayBeLeftOut(_ method: String) throws {
        let (_, result) = Wire.request(from: Data(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)"}"#.utf8))
        #expect(try result.get().call.method.name == method)
    }

    static var task: TaskRecord {
        var attempt = AttemptRecord(number: 2, state: .ended, dispatchedAt: time)
        attempt.outcome = Outcome(.signalled, code: 9)
        (attempt.reason, attempt.worker, attempt.pid, attempt.startedAt, attempt.endedAt) = ("r", "p/1", 7, time, time)
        attempt.files = [ResultFile(name: "\u{E4}", size: 1 << 40)]
        attempt.leftBehind = [LeftBehind(reason: "r", count: 9, names: ["a"])]
        (attempt.cpuUser, attempt.cpuSystem, attempt.peakMemory) = (0.5, 0.25, 1 << 40)
        (attempt.bytesRead, attempt.bytesWritten, attempt.cpuStalled) = (1 << 41, 0, 0.125)
        (attempt.memoryStalled, attempt.ioStalled, attempt.pausedSince, attempt.pausedFor) = (2, 0, time, 1.5)
        var task = TaskRecord(id: 1, state: .failed, pool: "p", priority: 0, submitter: .max, submittedAt: time)
        (task.waiting, task.reason, task.command, task.result) = (.limited, "r", ["x"], TaskResult(text: "t", truncated: true))
        (task.attempts, task.attemptCount, task.retryOn, task.stopping) = ([attempt], 2, [.lost], .runTimeout)
        return task
    }

    @Test func notificationRoundTrip() throws {
        var event = Event(seq: 5, at: Self.time, kind: .taskFinished)
        (event.task, event.attempt, event.pool, event.worker, event.pid) = (1, 2, "p", "p/1", 7)
        (event.state, event.outcome, event.detail) = (.failed, Outcome(.exited, code: 3), "d")
        let notifications: [OrchProtocol.Notification] = [
            .event(request: .number(1), event), .omitted(request: .number(1), Omission(3...9)),
            .finished(request: .string("x"), Self.task),
            .output(request: .number(1), OutputChunk(stream: .stdout, offset: 0, text: "ü\u{0}", attempt: 2)),
            .output(request: .number(1), OutputChunk(stream: .stderr, offset: 1 << 40, base64: "/w==")),
            .backup(request: .number(1), BackupPart(size: 1 << 40, offset: 5)),
            .file(request: .number(1), FilePart(offset: 5, base64: "/w==")),
            .backup(request: .number(1), BackupPart(size: 6, offset: 5, base64: "/w==")),
        ]
        for notification in notifications {
            let line = try Wire.line(notification)
            #expect(try Wire.decode(Notification.self, from: line) == notification)
        }
    }

    @Test func responseRoundTrip() throws {
        func check<R: Codable & Equatable & Sendable>(_ value: R) throws {
            let line = try Wire.line(Response(id: .number(4), result: value))
            let read = try Wire.decode(Response<R>.self, from: line)
            #expect(read.id == .number(4))
            #expect(try read.outcome.get() == value)
        }
        let pool = PoolRecord(name: "p", state: .removed, slots: 2, agent: "a", counts: TaskCounts())
        var worker = WorkerRecord(name: "p/1", state: .stopping)
        (worker.task, worker.attempt, worker.pid, worker.since, worker.title) = (1, 2, 3, Self.time, "t")
        try check(SubmissionResult.one(Submitted(id: 1, created: false, warning: "w")))
        try check(SubmissionResult.many([Submitted(id: 1, created: true), Submitted(id: 2, created: true)]))
        try check(SubmissionResult.many([]))
        try check(SubmissionResult.many([Submitted(id: 1, created: true, warning: "w"), Submitted(id: 2, created: false)]))
        try check(TaskPage(tasks: [Self.task], nextCursor: 4))
        try check(Self.task)
        try check(TasksChanged(tasks: [.init(id: 1, state: .queued)], count: 9))
        try check(WaitResult(tasks: [Self.task]))
        try check(FileEnd(attempt: 1, name: "a", size: 2))
        try check(LogsEnd(stdout: 1, stderr: 2, attempt: 3, state: .expired))
        try check(PoolList(pools: [pool]))
        try check(WorkerList(workers: [worker]))
        try check(SubscribeEnd(last: 3))
        var explanation = RouteExplanation(pool: "p", priority: 3, rules: [RouteStep(name: "n", matches: true, reason: "r")])
        (explanation.model, explanation.thinking, explanation.needs) = ("m", "low", ["gpu"])
        (explanation.route, explanation.prompt) = ("n", "p")
        try check(explanation)
        let row = UsageRow(name: "n", attempts: 2, usage: Usage(tokensIn: 1))
        let budget = BudgetRecord(name: "b", per: .day, hard: true, unit: .tokens, amount: 3, spent: 4)
        try check(UsageReport(rows: [row], total: UsageRow(attempts: 2, usage: Usage()), budgets: [budget]))
        try check(ReloadResult(changes: ["c"]))
        try check(Acknowledged("m"))
        try check(VersionInfo(version: "1", protocol: 1))
        var supervisor = SupervisorStatus(connected: true)
        (supervisor.pid, supervisor.cgroups) = (3, false)
        try check(
            DaemonStatus(
                state: .degraded, version: "1", pid: 2, startedAt: Self.time, now: Self.time,
                supervisor: supervisor, counts: TaskCounts(), pools: [pool],
                problems: ["p"], lastEvent: 8))
    }

    /// It is not the encoder that writes it.
    @Test(arguments: [RequestID.number(-7), .string("a\"\n\u{1F600}")])
    func theAnswerToABatchIsWrittenLikeOthers(id: RequestID) throws {
        let tasks = [Submitted(id: 1, created: true), Submitted(id: .max, created: false)]
        let line = try Wire.line(Response(id: id, result: SubmissionResult.many(tasks)))
        #expect(try Wire.line(Response(id: id, result: tasks)) == line)
    }

    @Test(arguments: WireError.Code.allCases) func errorRoundTrip(_ code: WireError.Code) throws {
        let error = WireError(code, "why", field: "[3].timeout")
        let line = try Wire.line(Response<Acknowledged>(id: nil, error: error))
        let read = try Wire.decode(Response<Acknowledged>.self, from: line)
        #expect(read.id == nil)
        #expect(read.outcome == .failure(error))
        #expect(error.kind == code)
    }

    @Test func anErrorOfANewerDaemonCanBeRead() throws {
        let line = #"{"jsonrpc":"2.0","id":1,"error":{"code":-32099,"message":"m","data":{"code":"from_the_future"}}}"#
        let read = try Wire.decode(Response<Acknowledged>.self, from: Data(line.utf8))
        guard case .failure(let error) = read.outcome else {
            Issue.record("not an error")
            return
        }
        #expect(error.kind == nil)
        #expect(error.message == "m")
    }

    @Test func errorNumbersAreDistinct() {
        #expect(Set(WireError.Code.allCases.map(\.number)).count == WireError.Code.allCases.count)
    }
}
