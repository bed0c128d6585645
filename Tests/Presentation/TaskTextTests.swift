import OrchProtocol
import Testing

@testable import Presentation

@Suite struct TaskTextTests {
    private let time = Timestamp(milliseconds: 1_000_000_000_000)

    private func task(_ state: TaskState, _ change: (inout TaskRecord) -> Void = { _ in }) -> TaskRecord {
        var task = TaskRecord(id: 42, state: state, pool: "default", priority: 0, submitter: 0, submittedAt: time)
        change(&task)
        return task
    }

    private func after(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: time.milliseconds + seconds * 1000) }

    @Test(arguments: Outcome.Kind.allCases) func everyOutcomeHasWords(_ kind: Outcome.Kind) {
        #expect(!OutcomeText.text(Outcome(kind, code: 3)).isEmpty)
    }

    @Test func outcomes() {
        #expect(OutcomeText.text(Outcome(.exited, code: 0)) == "succeeded")
        #expect(OutcomeText.text(Outcome(.exited, code: 3)) == "exited with status 3")
        #expect(OutcomeText.text(Outcome(.signalled, code: 9)) == "was killed by SIGKILL")
        #expect(OutcomeText.text(Outcome(.signalled, code: 40)) == "was killed by signal 40")
        var attempt = AttemptRecord(number: 1, state: .dispatched, dispatchedAt: time)
        #expect(OutcomeText.text(attempt) == "about to start")
        attempt.state = .ended
        attempt.outcome = Outcome(.spawnFailed)
        attempt.reason = "no such file: \u{1B}x"
        #expect(OutcomeText.text(attempt) == "no such file: ·x")
    }

    @Test func aTableHasTheColumnsThatAreAskedFor() {
        var attempt = AttemptRecord(number: 2, state: .ended, dispatchedAt: time)
        (attempt.worker, attempt.pid, attempt.peakMemory) = ("p/3", 77, 64 << 20)
        (attempt.cpuUser, attempt.cpuSystem, attempt.outcome) = (1.5, 0.5, Outcome(.outOfMemory))
        let ended = task(.failed) { $0.attempts = [attempt] }
        func text(_ columns: [TaskColumn]) -> String {
            TaskTable.make([ended], columns: columns, now: time).text(style: .plain)
        }
        #expect(
            text([.memory, .id, .cpu, .outcome])
                == "MEMORY  ID  CPU  OUTCOME\n64 MiB  42   2s  \(OutcomeText.text(Outcome(.outOfMemory)))\n")
        #expect(text(TaskColumn.usual).hasPrefix("ID  STATE "))
        // None of them needs an attempt, or anything else that a task may lack.
        for column in TaskColumn.allCases {
            let table = TaskTable.make([task(.queued), ended], columns: [.id, column], now: time).text(style: .plain)
            #expect(table.hasPrefix("ID  \(column.rawValue.uppercased())") || column.column.alignsRight, "\(table)")
            #expect(table.split(separator: "\n").count == 3)
        }
    }

    @Test func titles() {
        #expect(TaskText.title(task(.queued) { $0.name = "n\nm" }) == "n m")
        #expect(TaskText.title(task(.queued) { $0.command = ["a b"] }) == "'a b'")
        #expect(TaskText.title(task(.queued) { $0.prompt = "Write\na haiku" }) == "Write a haiku")
        #expect(TaskText.title(task(.queued) { $0.prompt = String(repeating: "x", count: 10_000) }).count == 400)
    }

    @Test func states() {
        #expect(TaskText.state(task(.queued) { $0.waiting = .ready }) == "queued")
        #expect(TaskText.state(task(.queued) { $0.waiting = .held }) == "held")
        #expect(TaskText.state(task(.running)) == "running")
        for reason in WaitReason.allCases where reason != .ready {
            #expect(TaskText.state(task(.queued) { $0.waiting = reason }) == reason.rawValue)
        }
        var paused = AttemptRecord(number: 1, state: .running, dispatchedAt: time)
        paused.pausedSince = time
        #expect(TaskText.state(task(.running) { $0.attempts = [paused] }) == "paused")
        #expect(TaskText.state(task(.running) { ($0.attempts, $0.stopping) = ([paused], .cancelled) }) == "stopping")
        #expect(TaskText.state(task(.queued) { ($0.waiting, $0.stopping) = (.ready, .cancelled) }) == "stopping")
        #expect(TaskText.state(task(.queued) { ($0.waiting, $0.routing) = (.ready, "ask") }) == "routing")
        #expect(TaskText.state(task(.queued) { ($0.waiting, $0.routing) = (.held, "ask") }) == "held")
    }

    /// A reason that only says the state once more is none.
    @Test func reasonsSayMoreThanTheState() {
        #expect(TaskText.reason(task(.queued) { ($0.waiting, $0.reason) = (.held, "held") }) == nil)
        #expect(TaskText.reason(task(.cancelled) { $0.reason = "cancelled" }) == nil)
        #expect(TaskText.ending(task(.cancelled) { $0.reason = "cancelled" }) == "task 42 cancelled")
        #expect(TaskText.reason(task(.failed) { $0.reason = "exited with status 3" }) == "exited with status 3")
    }

    @Test func durations() {
        #expect(TaskText.duration(task(.queued), now: after(180)) == "3m ago")
        #expect(TaskText.duration(task(.running) { $0.startedAt = after(10) }, now: after(100)) == "1m 30s")
        let ended = task(.succeeded) {
            $0.startedAt = after(10)
            $0.finishedAt = after(12)
        }
        #expect(TaskText.duration(ended, now: after(100)) == "2s")
        #expect(TaskText.duration(task(.cancelled) { $0.finishedAt = after(10) }, now: after(190)) == "3m ago")
    }

    @Test func endings() {
        #expect(TaskText.ending(task(.succeeded)) == "task 42 succeeded")
        #expect(TaskText.ending(task(.failed) { $0.reason = "exited with status 3" }) == "task 42 failed: exited with status 3")
    }

    @Test func detailNamesEachAttempt() {
        let record = task(.failed) { task in
            task.command = ["make"]
            task.comment = "why\u{1B}"
            (task.parent, task.root, task.detached) = (40, 39, true)
            task.scope = TaskScope(pools: ["a", "b"], children: 3, running: 2, cost: 500_000)
            task.retries = 1
            task.retryOn = [.exit]
            task.attemptCount = 2
            for number in 1...2 {
                var attempt = AttemptRecord(number: number, state: .ended, dispatchedAt: time)
                attempt.outcome = Outcome(.exited, code: number)
                attempt.startedAt = time
                attempt.endedAt = after(2)
                attempt.peakMemory = 20 << 20
                task.attempts.append(attempt)
            }
            task.result = TaskResult(text: "one\ntwo\n", truncated: false)
        }
        let text = TaskDetailText(record, now: after(60), style: .plain).text
        let named = TaskDetailText(record, now: after(60), style: .plain) { "user \($0)\u{1B}" }.text
        #expect(text.contains("\n  user          \(record.submitter)\n"))
        #expect(named.contains("\n  user          user \(record.submitter)") && !named.contains("\u{1B}"))
        #expect(text.hasPrefix("task 42  failed\n  comment       why·\n  command       make\n"))
        #expect(text.contains("\n  started by    task 40, below task 39; detached\n"))
        #expect(text.contains("\n  may start     at most 3 tasks, 2 at once, in a, b, for $0.50 together\n"))
        #expect(text.contains("\nattempt 42.1  exited with status 1\n"))
        #expect(text.contains("\nattempt 42.2  exited with status 2\n"))
        #expect(text.contains("  peak memory   20 MiB\n"))
        #expect(text.contains("2 of 2 tries made; tried again after: exit"))
        #expect(text.hasSuffix("\nresult\n  one\n  two\n"))
    }

    @Test func eventsAreOneLine() {
        var event = Event(seq: 1, at: time, kind: .taskFinished)
        (event.task, event.attempt, event.worker, event.state) = (42, 1, "default/2", .failed)
        event.outcome = Outcome(.signalled, code: 9)
        let line = EventText.line(event, now: after(1), style: .plain)
        #expect(line.hasSuffix("  task.finished   42.1  default/2  failed  was killed by SIGKILL"))
        for kind in Event.Kind.allCases {
            #expect(EventText.line(Event(at: time, kind: kind), now: time, style: .coloured).contains(kind.rawValue))
        }
    }
}

@Suite struct StatusTextTests {
    private func status(_ change: (inout DaemonStatus) -> Void = { _ in }) -> DaemonStatus {
        let time = Timestamp(milliseconds: 0)
        var counts = TaskCounts()
        (counts.ready, counts.running, counts.failed) = (3, 1, 2)
        var status = DaemonStatus(
            state: .running, version: "1.0", pid: 9, startedAt: time, now: Timestamp(milliseconds: 3_600_000),
            supervisor: SupervisorStatus(connected: true), counts: counts,
            pools: [PoolRecord(name: "default", state: .active, slots: 2, agent: "command", counts: counts)], problems: [],
            lastEvent: 0)
        change(&status)
        return status
    }

    private var workers: [WorkerRecord] {
        var busy = WorkerRecord(name: "default/1", state: .busy)
        (busy.task, busy.attempt, busy.pid, busy.since, busy.title) = (42, 1, 77, Timestamp(milliseconds: 3_420_000), "make")
        return [busy, WorkerRecord(name: "default/2", state: .idle)]
    }

    @Test func whole() {
        let expected = """
            orchd 1.0 · running · up 1h · pid 9 · 3 queued, 1 running

            POOL     STATE   AGENT    SLOTS  RUNNING  READY  DELAYED  HELD  DONE  FAILED
            default  active  command      2        1      3        0     0     0       2

            WORKER     STATE  TASK  PID  SINCE   WHAT
            default/1  busy   42.1   77  3m ago  make
            default/2  idle

            """
        #expect(StatusText.text(status(), workers: workers, style: .plain) == expected)
        #expect(!StatusText.text(status(), workers: [], style: .plain).contains("WORKER"))
    }

    /// Each waiting reason that any task has is counted in a column of its own.
    @Test func whateverWaitsIsCounted() {
        let text = StatusText.text(
            status {
                $0.pools[0].counts.blocked = 4
                $0.pools[0].counts.paused = 5
            }, workers: [], style: .plain)
        #expect(text.contains("HELD  BLOCKED  PAUSED  DONE") && !text.contains("LIMITED"))
        #expect(text.contains("     0        4       5     0       2\n"))
        var counts = TaskCounts()
        for (index, reason) in WaitReason.allCases.enumerated() { counts.add(1 << index, waiting: reason) }
        #expect(counts.queued == (1 << WaitReason.allCases.count) - 1)
    }

    @Test func problemsComeFirst() {
        let text = StatusText.text(status { $0.problems = ["the disk is full\u{1B}"] }, workers: [], style: .coloured)
        #expect(text.hasPrefix("\u{1B}[31m! the disk is full·\u{1B}[0m\n"))
        let lost = StatusText.text(status { $0.supervisor.connected = false }, workers: [], style: .plain)
        #expect(lost.hasPrefix("! the supervisor is not connected"))
    }
}
