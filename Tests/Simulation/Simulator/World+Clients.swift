import OrchProtocol
import Scheduling
import Storage
import TestSupport

extension World {
    /// What a client does at its time.
    func perform(request deed: Deed) {
        switch deed {
        case .submit(let jobs, let key, let user, let vanishes): submit(jobs, key, user, vanishes)
        case .cancel(let tasks): ask(tasks) { .cancel(CancelParameters(ids: $0)) }
        case .cancelPool(let pool): ask(.cancel(CancelParameters(pool: pool)), user: asker())
        case .cancelAndRetry(let task):
            ask([task]) { .cancel(CancelParameters(ids: $0)) }
            ask([task]) { .retry($0) }
        case .retry(let tasks): ask(tasks) { .retry($0) }
        case .hold(let tasks): ask(tasks) { .hold($0) }
        case .release(let tasks): ask(tasks) { .release($0) }
        case .pauseTasks(let tasks): for task in tasks { ask([task]) { .pause($0) } }
        case .resumeTasks(let tasks): for task in tasks { ask([task]) { .resume($0) } }
        case .pauseRunning, .resumePaused:
            let isPause = if case .pauseRunning = deed { true } else { false }
            for attempt in ledger.live.values.sorted(by: { $0.id < $1.id }) where attempt.state == .running {
                guard let task = ledger.tasks[attempt.task], task.timeout != nil, task.idleTimeout != nil else { continue }
                ask(isPause ? .pause([task.id]) : .resume([task.id]), user: task.definition.submitter)
            }
        case .prioritise(let task, let priority): update(task) { $0.priority = priority }
        case .move(let task, let pool): update(task) { $0.pool = pool }
        case .postpone(let task, let by):
            let due = Timestamp(milliseconds: clock.now.wall + by)
            update(task) { $0.notBefore = due }
        case .pause(let pool): ask(.pausePool(pool), user: administrator())
        case .resume(let pool): ask(.resumePool(pool), user: administrator())
        case .drain(let pool): ask(.drainPool(pool), user: administrator())
        case .resize(let pool, let slots): ask(.resizePool(pool, slots: slots), user: administrator())
        case .resumeAgent: ask(.resumeAgent(SimulatedAgent.name), user: administrator())
        case .drainAll: ask(.drain, user: administrator())
        case .shutdown: ask(.shutdown, user: administrator())
        case .subscribe: subscribers.append(Subscriber(last: .random(in: 0...Int64(ledger.events.count), using: &random)))
        default: break
        }
    }

    private func submit(_ jobs: [Job], _ key: Int?, _ user: UInt32, _ vanishes: Bool) {
        // Not only words: what has to be escaped somewhere, or is more than one byte, or more than one scalar.
        let marks = jobs.indices.map { "\(requests.count).\($0)" + (($0 + requests.count) % 3 == 0 ? Self.oddText : "") }
        let key = key.map { "key \($0)\"\\ e\u{301}\u{1F642}" }
        let specs = zip(jobs, marks).map { $0.spec(mark: $1, key: key, wall: clock.now.wall) }
        ask(specs.count == 1 ? .submit(.one(specs[0])) : .submit(.many(specs)), user: user, marks, key, vanishes)
    }

    /// The end of some texts: a quote, a backslash, a control character, an accent and an emoji.
    static let oddText = "\"\\\u{1F}e\u{301}\u{1F642}"

    private func ask(_ tasks: [Int], _ command: ([Int64]) -> Command) {
        let ids = ids(tasks)
        ask(command(ids), user: asker(ids))
    }

    private func update(_ task: Int, _ change: (inout UpdateParameters) -> Void) {
        ask([task]) { ids in
            var parameters = UpdateParameters(id: ids[0])
            change(&parameters)
            return .update(parameters)
        }
    }

    /// Of the newest tasks, since old ones have mostly ended.
    private func ids(_ numbers: [Int]) -> [Int64] {
        let some = acknowledged.sorted().suffix(20)
        guard !some.isEmpty else { return [1] }
        return numbers.map { some[some.startIndex + $0 % some.count] }
    }

    func ask(
        _ command: Command, user: UInt32 = 0, _ marks: [String] = [], _ key: String? = nil, _ vanishes: Bool = false
    ) {
        let number = requests.count
        statistics.requests += 1
        // Every other one that takes a key has one.
        let command = number % 2 == 0 ? command.keyed("request \(number)") : command
        requests.append(
            Request(
                number: number, command: command, user: user, isAdministrator: user == 0, marks: marks, key: key,
                vanishes: vanishes))
        send(number)
    }

    /// To the engine; where there is none, the socket keeps it.
    func send(_ number: Int) {
        guard let engine else { return backlog.append(number) }
        let request = requests[number]
        note("request \(number) \(request.command.brief)")
        requests[number].life = engine.life
        requests[number].isAnswered = false
        requests[number].tries += 1
        engine.request(request.command, by: request.requester, number: number)
        wakeEngine()
    }

    /// Whoever waited sees the end of the connection. Some ask again, which with a key is harmless.
    func loseRequests(ofLife life: Int) {
        for request in requests where request.life == life && !request.isAnswered && !request.vanishes {
            requests[request.number].life = nil
            guard request.isRepeatable, request.tries < 5 else { continue }
            later(.send(request.number), in: .random(in: 0...2_000, using: &random))
        }
    }

    func answer(_ number: Int, _ reply: Reply) {
        let request = requests[number]
        violations.require(!request.isAnswered, "request \(number) has two answers")
        requests[number].isAnswered = true
        if case .failed = reply {} else { requests[number].isDone = true }
        checkRepetition(request, reply)
        checkAuthority(request, reply)
        checkRefusal(request, reply)
        note("answer \(number) \(reply.brief)")
        switch reply {
        case .submitted(let result): submitted(request, result.all)
        case .failed(let error):
            // A disk that fails is the only excuse.
            let isExcused = plan.steps.contains {
                if case .diskFull = $0.deed { true } else if case .diskFails = $0.deed { true } else { false }
            }
            let isStorage = error.kind == .storageFailed || error.kind == .storageFull
            violations.require(!isStorage || isExcused, "request \(number) fails: \(error.message)")
            violations.require(error.kind != .internalError, "request \(number) fails: \(error.message)")
        case .changed, .question, .done: break
        }
    }

    /// A request that comes again with its key is answered as before. Some do although they were answered.
    private func checkRepetition(_ request: Request, _ reply: Reply) {
        guard request.command.call.key != nil else { return }
        if case .failed = reply, request.firstReply == nil { return }
        if case .failed(let error) = reply, [.storageFull, .storageFailed, .stopping].contains(error.kind) { return }
        if let first = request.firstReply {
            violations.require(
                reply == first, "request \(request.number) was answered \(first.brief), and then \(reply.brief)")
        } else {
            requests[request.number].firstReply = reply
            if request.number % 4 == 0 { later(.send(request.number), in: 5_000) }
        }
    }

    private func submitted(_ request: Request, _ results: [Submitted]) {
        violations.require(results.count == request.marks.count, "request \(request.number) made \(results.count) tasks")
        if let submission = request.command.call[.submit] {
            for (spec, result) in zip(submission.all, results) { ledger.routes.submitted(result.id, spec) }
        }
        for (mark, result) in zip(request.marks, results) {
            if let key = request.key {
                let name = "\(request.user) \(key)"
                if let id = idsOfKeys[name], ledger.tasks[id] != nil {
                    violations.require(id == result.id, "\(name) made task \(id) and then \(result.id)")
                }
                idsOfKeys[name] = result.id
            }
            guard !request.vanishes else { continue }
            acknowledged.insert(result.id)
            guard let task = ledger.tasks[result.id] else {
                // One with a key may have been forgotten since.
                violations.require(
                    ledger.forgotten.contains(result.id), "task \(result.id) was acknowledged and is not there")
                continue
            }
            violations.require(
                task.definition.submitter == request.user,
                "request \(request.number) of \(request.user) was given task \(result.id) of \(task.definition.submitter)")
            if result.created {
                violations.require(
                    task.definition.work.words.last == mark, "task \(result.id) is not what request \(request.number) asked for"
                )
            }
        }
    }

    /// Every subscriber reads on where it was.
    func readEvents() {
        for index in subscribers.indices { read(index) }
    }

    private func read(_ index: Int) {
        do {
            while true {
                let events = try disk.store.events(after: subscribers[index].last)
                guard !events.isEmpty else { return }
                for event in events {
                    let expected = subscribers[index].last + 1
                    violations.require(event.seq == expected, "a subscriber reads event \(event.seq) after \(expected - 1)")
                    let isKnown = event.seq <= ledger.events.count && ledger.events[Int(event.seq) - 1] == event
                    violations.require(isKnown, "event \(event.seq) is read otherwise than it was written")
                    subscribers[index].last = event.seq
                }
            }
        } catch { violations.add("events cannot be read: \(error)") }
    }
}

extension Work {
    var isPrompt: Bool { if case .prompt = self { true } else { false } }

    /// What says how it is to go.
    var words: [String] {
        switch self {
        case .command(let words): words.map(\.lossy)
        case .prompt(let text): text.split(separator: " ").map(String.init)
        }
    }
}

extension Command {
    /// For a trace.
    fileprivate var brief: String {
        let it = call.parameters
        return switch it {
        case let it as Submission:
            "submit "
                + it.all.map { "\($0.pool ?? "") \($0.command?.joined(separator: " ") ?? $0.prompt ?? "")" }.joined(
                    separator: "; ")
        case let it as UpdateParameters: "update \(it.id)"
        case let it as CancelParameters: "cancel \(it.ids ?? []) \(it.pool ?? "")"
        case let it as TaskSelection: "\(call.method.name.dropFirst(5))(\(it.ids))"
        case let it as RetryParameters: "retry(\(it.ids))\(it.fresh == true ? " fresh" : "")"
        case let it as PoolSelection: "\(call.method.name.dropFirst(5))Pool(\"\(it.pool)\")"
        case let it as ResizeParameters: "resizePool(\"\(it.pool)\", slots: \(it.slots))"
        case let it as AgentSelection: "resumeAgent(\"\(it.agent)\")"
        case is StopParameters: "shutdown"
        default: "\(call.method.name.split(separator: ".").last ?? "")"
        }
    }
}

extension Reply {
    /// For a trace.
    fileprivate var brief: String {
        switch self {
        case .submitted(let result): "submitted \(result.all.map { "\($0.id) \($0.created)" })"
        case .changed(let changed): "changed \(changed.tasks.map { "\($0.id) \($0.state.rawValue)" })"
        case .question(let question): "question \(question.id) \(question.state.rawValue)"
        case .done(let text): text
        case .failed(let error): "failed: \(error.message)"
        }
    }
}
