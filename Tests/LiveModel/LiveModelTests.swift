import LiveModel
import OrchProtocol
import TestSupport
import Testing

@Suite struct LiveModelTests {
    private func event(_ seq: Int64, _ kind: Event.Kind, _ fill: (inout Event) -> Void = { _ in }) -> Event {
        var event = Event(seq: seq, at: Timestamp(milliseconds: seq * 1000), kind: kind)
        fill(&event)
        return event
    }

    private func task(_ seq: Int64, _ kind: Event.Kind, _ id: Int64, _ state: TaskState, worker: String? = nil) -> Event {
        event(seq, kind) {
            $0.task = id
            $0.state = state
            $0.pool = "default"
            $0.worker = worker
            $0.attempt = worker.map { _ in 1 }
        }
    }

    @Test func aTaskLives() {
        var model = LiveModel()
        model.apply(task(1, .taskQueued, 7, .queued))
        #expect(model.tasks[7]?.state == .queued)
        model.apply(task(2, .taskHeld, 7, .queued))
        model.apply(task(3, .taskReleased, 7, .queued))
        model.apply(task(4, .taskStarted, 7, .running, worker: "default/1"))
        #expect(model.tasks[7].map { model.worker(of: $0) } == "default/1")
        #expect(model.workers["default/1"]?.task == 7)
        #expect(model.counts(ofPool: "default") == (0, 1))
        model.apply(task(5, .taskPaused, 7, .running, worker: "default/1"))
        #expect(model.tasks[7]?.isPaused == true)
        #expect(model.workers["default/1"]?.isPaused == true)
        model.apply(task(6, .taskFinished, 7, .succeeded, worker: "default/1"))
        #expect(model.tasks.isEmpty)
        #expect(model.workers.isEmpty)
        #expect(model.last == 6)
    }

    @Test func aLateEndLeavesTheWorkerToTheNext() {
        var model = LiveModel()
        model.apply(task(1, .taskStarted, 1, .running, worker: "default/1"))
        model.apply(task(2, .taskStarted, 2, .running, worker: "default/1"))
        model.apply(task(3, .taskFinished, 1, .failed, worker: "default/1"))
        #expect(model.workers["default/1"]?.task == 2)
    }

    /// Each event says what is so: a snapshot of any later moment, with the events from an earlier one on, is the same model.
    @Test(arguments: 0..<20) func aNewerSnapshotAndOlderEventsAgree(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        var records: [Int64: TaskRecord] = [:]
        var events: [Event] = []
        var states: [[TaskRecord]] = [[]]
        for seq in 1...200 as ClosedRange<Int64> {
            let id = Int64.random(in: 1...12, using: &random)
            var record =
                records[id]
                ?? TaskRecord(
                    id: id, state: .queued, pool: "default", priority: 0, submitter: 0,
                    submittedAt: Timestamp(milliseconds: seq * 1000))
            let (kind, state) = step(record, isNew: records[id] == nil, &random)
            events.append(
                task(seq, kind, id, state, worker: state == .running || kind == .taskFinished ? "default/\(id)" : nil))
            record.state = state
            if kind == .taskHeld { record.waiting = .held }
            if kind == .taskReleased || kind == .taskStarted { record.waiting = nil }
            if state == .running {
                var attempt = AttemptRecord(number: 1, state: .running, dispatchedAt: events[events.count - 1].at)
                attempt.startedAt = kind == .taskStarted ? events[events.count - 1].at : record.attempts.last?.startedAt
                attempt.worker = "default/\(id)"
                attempt.pausedSince = kind == .taskPaused ? attempt.startedAt : nil
                record.attempts = [attempt]
            } else {
                record.attempts = []
            }
            records[id] = record.state.isFinal ? nil : record
            states.append(Array(records.values))
        }
        let begin = Int.random(in: 0...200, using: &random)
        let taken = Int.random(in: begin...200, using: &random)
        var model = LiveModel()
        model.load(states[taken])
        for event in events[begin...] { model.apply(event) }
        var whole = LiveModel()
        for event in events { whole.apply(event) }
        #expect(Set(model.tasks.keys) == Set(records.keys))
        for (id, task) in whole.tasks {
            #expect(model.tasks[id]?.state == task.state)
            #expect(model.tasks[id]?.isPaused == task.isPaused, "paused \(id)")
            #expect(model.tasks[id]?.attempt == task.attempt)
            #expect(model.tasks[id].map { model.worker(of: $0) } == whole.worker(of: task))
        }
    }

    private func step(_ record: TaskRecord, isNew: Bool, _ random: inout SeededGenerator) -> (Event.Kind, TaskState) {
        if isNew { return (.taskQueued, .queued) }
        if record.state == .running {
            let isPaused = record.attempts.last?.pausedSince != nil
            let next: [(Event.Kind, TaskState)] = [
                (isPaused ? .taskResumed : .taskPaused, .running), (.taskFinished, .succeeded), (.taskRetrying, .queued),
            ]
            return next.randomElement(using: &random) ?? next[0]
        }
        if record.waiting == .held { return random.chance(50) ? (.taskReleased, .queued) : (.taskFinished, .cancelled) }
        return random.chance(30) ? (.taskHeld, .queued) : (.taskStarted, .running)
    }

    @Test func whatEventsDoNotTellIsNamed() {
        var model = LiveModel()
        model.apply(event(1, .poolResized) { $0.pool = "default" })
        #expect(model.stale == [.pools])
        model.apply(event(2, .daemonReloaded))
        #expect(model.stale == [.pools, .workers])
        model.apply(event(3, .daemonRestored))
        #expect(model.stale.contains(.all))
        model.apply(
            event(4, .gateClosed) {
                $0.gate = "limit:gpu"
                $0.detail = "2 of 2 run"
            })
        #expect(model.gates == ["limit:gpu": "2 of 2 run"])
        model.apply(event(5, .gateOpened) { $0.gate = "limit:gpu" })
        #expect(model.gates.isEmpty)
    }

    @Test func tenThousandTasksAreSmall() {
        #expect(MemoryLayout<LiveTask>.stride <= 48)
        var model = LiveModel()
        for id in 1...10_000 as ClosedRange<Int64> { model.apply(task(id, .taskQueued, id, .queued)) }
        #expect(model.tasks.count == 10_000)
        #expect(model.ids(startingWith: "999", limit: 3) == [9999, 9998, 9997])
    }
}
