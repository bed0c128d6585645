import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

@Suite struct RetryTests {
    @Test(arguments: [
        // Attempts made, delay, and the wait that it is to be around.
        (1, 1_000 as Int64, 1_000 as Int64), (2, 1_000, 2_000), (3, 1_000, 4_000), (10, 1_000, 512_000),
        (13, 1_000, 3_600_000), (1_000, 1_000, 3_600_000), (1, 0, 0), (50, 0, 0), (1, 10, 10), (3, 3, 12),
        (1, 7_200_000, 7_200_000), (2, 7_200_000, 7_200_000), (1_000, 315_360_000_000, 315_360_000_000),
    ])
    func theWaitDoublesUpToAnHourGiveOrTakeAQuarter(attempts: Int, delay: Int64, about: Int64) throws {
        let policy = RetryPolicy(retries: 1_000, delay: delay)
        var waits: Set<Int64> = []
        for seed in 0..<500 as Range<UInt64> {
            let wait = try #require(policy.wait(after: Outcome(.exited, code: 1), attempts: attempts, seed: seed))
            #expect(wait == policy.wait(after: Outcome(.exited, code: 1), attempts: attempts, seed: seed))
            #expect(wait >= about * 3 / 4 && wait <= about * 5 / 4, "seed \(seed)")
            waits.insert(wait)
        }
        if about >= 1_000 {
            #expect(waits.count > 150, "tasks that failed together are spread")
            let mean = waits.reduce(0, +) / Int64(waits.count)
            #expect(abs(mean - about) < about / 20)
        }
    }

    @Test(
        arguments: [
            (Outcome(.exited, code: 1), .exit), (Outcome(.noResult, code: 0), .exit), (Outcome(.signalled, code: 9), .signal),
            (Outcome(.outOfMemory), .signal), (Outcome(.runTimeout), .timeout), (Outcome(.idleTimeout), .timeout),
            (Outcome(.lost), .lost), (Outcome(.outputLimit), .output), (Outcome(.spawnFailed), .spawn),
            (Outcome(.failed, code: 0, failure: .schema), .exit), (Outcome(.cancelled), nil), (Outcome(.exited, code: 0), nil),
        ] as [(Outcome, RetryCause?)])
    func onlyWhatRetryOnNamesIsRetried(outcome: Outcome, cause: RetryCause?) {
        for named in RetryCause.allCases {
            let policy = RetryPolicy(retries: 1, causes: [named])
            #expect((policy.wait(after: outcome, attempts: 1, seed: 0) != nil) == (named == cause))
        }
        #expect(RetryPolicy(retries: 2).wait(after: Outcome(.exited, code: 1), attempts: 3, seed: 0) == nil)
        #expect(RetryPolicy(retries: 0).wait(after: Outcome(.exited, code: 1), attempts: 1, seed: 0) == nil)
    }

    @Test func aTaskIsTriedAsOftenAsItSaysAndARetryResetsThat() throws {
        let rig = try Rig()
        let id = try rig.submit(
            .command {
                $0.retries = 2
                $0.retryDelay = 1
            })
        func failAll() throws -> [Int] {
            var numbers: [Int] = []
            while try rig.task(id).phase == .active {
                let attempt = try rig.live(of: id)
                numbers.append(attempt.number)
                try rig.end(attempt.id, .exited(1))
                guard let due = try rig.task(id).dueAt else { break }
                #expect(try rig.task(id).phase == .delayed)
                #expect(try rig.task(id).reason == "exited with status 1")
                #expect(try rig.turn().nextWall == due)
                rig.advance(due - rig.now.wall)
                #expect(try rig.turn().launchedTasks == [id])
            }
            return numbers
        }
        #expect(try failAll() == [1, 2, 3])
        #expect(try rig.task(id).phase == .failed)
        try rig.ask(.retry([id]))
        #expect(try failAll() == [4, 5, 6])
        #expect(rig.events.filter { $0.kind == .taskRetrying }.count == 4)
        #expect(try rig.task(id).attemptsBeforeRetry == 3)
    }

    /// It has started once, so "before it started" would be a lie.
    @Test func cancelledBetweenTwoTriesIsSaid() throws {
        let rig = try Rig()
        let ids = try [0, 1].map { tries in
            let id = try rig.submit(.command { ($0.retries, $0.retryDelay, $0.hold) = (1, 60, tries == 0) })
            if tries == 1 { try rig.end(rig.live(of: id).id, .exited(1)) }
            return id
        }
        try rig.ask(.cancel(CancelParameters(ids: ids)))
        #expect(try rig.task(ids[0]).reason == "cancelled before it started")
        #expect(try rig.task(ids[1]).reason == "cancelled while it waited for another try")
    }

    @Test func noDelayMeansTheNextTurnOrThisOne() throws {
        let rig = try Rig()
        try rig.submit(
            .command {
                $0.retries = 1
                $0.retryDelay = 0
            })
        #expect(try rig.end(1, .signalled(11)).launchedAttempts == [2])
    }

    @Test func retryIsForWhatHasNotSucceeded() throws {
        let rig = try Rig()
        let done = try rig.submit(.command())
        try rig.end(1)
        #expect(try rig.refusal(.retry([done])).kind == .invalidState)
        let waiting = try rig.submit(.command { $0.hold = true })
        #expect(try rig.refusal(.retry([waiting])).kind == .invalidState)
        try rig.ask(.cancel(CancelParameters(ids: [waiting])))
        // All or none.
        #expect(try rig.refusal(.retry([waiting, done])).kind == .invalidState)
        #expect(try rig.task(waiting).phase == .cancelled)
        let input = rig.request(.retry([waiting]))
        #expect(try rig.turn(input).launchedTasks == [waiting])
        #expect(try rig.task(waiting).finishedAt == nil)
    }

    @Test func aClockThatIsSetMovesOnlyWhatWasReckoned() throws {
        let rig = try Rig()
        let given = rig.now.wall + 20_000
        let ids = try rig.submit(many: [
            .command { $0.retries = 1 }, .command { $0.retries = 1 },
            .command { $0.notBefore = Timestamp(milliseconds: given) },
        ])
        try rig.end(1, .exited(1))
        try rig.end(2, .exited(1))
        try rig.ask(.hold([ids[1]]))
        let before = try ids.map { try #require(try rig.task($0).dueAt) }
        rig.now.wall -= 3_600_000
        try rig.turn(.clockStepped(by: -3_600_000))
        #expect(try rig.task(ids[0]).dueAt == before[0] - 3_600_000)
        #expect(try rig.task(ids[1]).dueAt == before[1] - 3_600_000, "one that is held waits no longer for it")
        #expect(try rig.task(ids[2]).dueAt == given)
        rig.advance(8_000)
        #expect(try rig.turn().launchedTasks == [ids[0]])
        let release = rig.request(.release([ids[1]]))
        #expect(try rig.turn(release).launchedTasks == [ids[1]])
    }
}

@Suite struct AttemptVerdictTests {
    static let task = {
        var task = TaskItem(
            id: 1, definition: TaskDefinition(work: .command(["a"]), submitter: 0, submittedAt: 0), pool: "p", phase: .active)
        (task.timeout, task.idleTimeout) = (1_500, 60_000)
        return task
    }()

    struct Case: CustomTestStringConvertible {
        var ending: AttemptEnd.Ending
        var stopped = false
        var outOfMemory = false
        var core = false
        var failure: AgentFailure?
        var whole = false
        var stopping: StopCause?
        var outcome: Outcome?
        var reason: String
        var testDescription: String { "\(ending) stopped: \(stopped) stopping: \(String(describing: stopping)) \(reason)" }
    }

    @Test(arguments: [
        Case(ending: .exited(0), outcome: Outcome(.exited, code: 0), reason: "exited with status 0"),
        Case(
            ending: .exited(0), failure: AgentFailure(.empty, "no result"), outcome: Outcome(.noResult, code: 0),
            reason: "no result"),
        Case(ending: .exited(3), outcome: Outcome(.exited, code: 3), reason: "exited with status 3"),
        Case(
            ending: .exited(3), failure: AgentFailure(.auth, "no key"), outcome: Outcome(.failed, code: 3, failure: .auth),
            reason: "no key"),
        Case(
            ending: .exited(0), failure: AgentFailure(.server, "overloaded"),
            outcome: Outcome(.failed, code: 0, failure: .server), reason: "overloaded"),
        Case(
            ending: .signalled(15), stopped: true, whole: true, stopping: .finished, outcome: Outcome(.exited, code: 0),
            reason: "printed its whole result, did not end by itself, and was ended"),
        Case(
            ending: .signalled(15), stopped: true, failure: AgentFailure(.server, "overloaded"), whole: true,
            stopping: .finished, outcome: Outcome(.failed, code: 0, failure: .server), reason: "overloaded"),
        Case(
            ending: .signalled(15), stopped: true, stopping: .finished, outcome: Outcome(.noResult),
            reason: "stopped because its result looked complete, but it was not"),
        Case(ending: .exited(0), outOfMemory: true, outcome: Outcome(.exited, code: 0), reason: "exited with status 0"),
        Case(
            ending: .exited(1), outOfMemory: true, outcome: Outcome(.outOfMemory), reason: "killed by the kernel: out of memory"
        ),
        Case(
            ending: .signalled(9), outOfMemory: true, outcome: Outcome(.outOfMemory),
            reason: "killed by the kernel: out of memory"),
        Case(ending: .signalled(9), outcome: Outcome(.signalled, code: 9), reason: "killed by SIGKILL"),
        Case(
            ending: .signalled(11), core: true, outcome: Outcome(.signalled, code: 11),
            reason: "killed by SIGSEGV (core dumped)"),
        Case(ending: .signalled(40), outcome: Outcome(.signalled, code: 40), reason: "killed by signal 40"),
        Case(ending: .failedToStart("no program"), outcome: Outcome(.spawnFailed), reason: "no program"),
        Case(ending: .lost("lost it"), outcome: Outcome(.lost), reason: "lost it"),
        Case(ending: .shortOfResources("no memory"), outcome: nil, reason: "no memory"),
        // The supervisor was stopped, and the engine knew nothing of it.
        Case(ending: .exited(0), stopped: true, outcome: Outcome(.lost), reason: "ended because the supervisor was stopped"),
        Case(ending: .exited(1), stopped: true, outcome: Outcome(.lost), reason: "ended because the supervisor was stopped"),
        Case(
            ending: .signalled(15), stopped: true, outcome: Outcome(.lost), reason: "ended because the supervisor was stopped"),
        Case(
            ending: .signalled(9), stopped: true, outOfMemory: true, outcome: Outcome(.lost),
            reason: "ended because the supervisor was stopped"),
    ])
    func whatAnEndMeans(its: Case) {
        judge(its)
    }

    private func judge(_ its: Case) {
        var end = AttemptEnd(attempt: 1, start: nil, ending: its.ending, endedAt: 0, endedMonotonic: 0)
        end.stopped = its.stopped
        end.outOfMemory = its.outOfMemory
        end.dumpedCore = its.core
        end.failure = its.failure
        end.hasWholeResult = its.whole
        let expected: AttemptVerdict = its.outcome.map { .outcome($0, reason: its.reason) } ?? .again(reason: its.reason)
        #expect(AttemptVerdict.judge(end, stopping: its.stopping, task: Self.task) == expected)
    }

    /// What has written too much has failed by that, unless somebody ended it for another reason, or nobody knows how it ended.
    @Test func tooMuchOutputIsAFailureHoweverItEnded() {
        let attempt = Attempt(id: 1, task: 1, number: 1, pool: "p", state: .running, dispatchedAt: 0)
        for delivery in [nil, .accepted, .succeeded, .failed] as [Delivery?] {
            for ending in [.exited(0), .exited(1), .signalled(9), .lost("x")] as [AttemptEnd.Ending] {
                for stopping in [nil, .outputLimit, .cancelled] as [StopCause?] {
                    var attempt = attempt
                    (attempt.delivery, attempt.stopping) = (delivery, stopping)
                    var end = AttemptEnd(attempt: 1, start: nil, ending: ending, endedAt: 0, endedMonotonic: 0)
                    end.stopped = stopping != nil
                    let before = AttemptVerdict.judge(end, of: attempt, task: Self.task)
                    end.exceeds = 64 << 20
                    let judged = AttemptVerdict.judge(end, of: attempt, task: Self.task)
                    if stopping == .cancelled || end.isLost {
                        #expect(judged == before)
                    } else {
                        let reason = "wrote more output than its pool allows, 64M; the rest is not kept"
                        #expect(judged == .outcome(Outcome(.outputLimit), reason: reason))
                    }
                }
            }
        }
    }

    @Test(arguments: [
        (StopCause.cancelled, Outcome(.cancelled), "cancelled"),
        (.runTimeout, Outcome(.runTimeout), "ran longer than its timeout of 1.5 s"),
        (.idleTimeout, Outcome(.idleTimeout), "wrote no output for 60 s"),
        (.outputLimit, Outcome(.outputLimit), "wrote more output than its pool allows"),
        (.shutdown, Outcome(.lost), "ended because the daemon was stopped"),
    ])
    func aStopThatHappenedIsTheOutcomeAndOneThatCameTooLateIsNot(cause: StopCause, outcome: Outcome, reason: String) {
        let endings: [AttemptEnd.Ending] = [
            .exited(0), .exited(1), .signalled(15), .failedToStart("x"), .lost("x"), .shortOfResources("x"),
        ]
        for ending in endings {
            for memory in [false, true] {
                judge(
                    Case(
                        ending: ending, stopped: true, outOfMemory: memory, failure: AgentFailure(.empty, "m"), stopping: cause,
                        outcome: outcome,
                        reason: reason))
            }
        }
        judge(
            Case(ending: .exited(0), stopping: cause, outcome: Outcome(.exited, code: 0), reason: "exited with status 0"))
        judge(Case(ending: .lost("x"), stopping: cause, outcome: Outcome(.lost), reason: "x"))
        judge(Case(ending: .shortOfResources("x"), stopping: cause, outcome: nil, reason: "x"))
    }
}
