import OrchProtocol

/// What people do to tasks that are there.
extension Scheduler {
    mutating func update(
        _ change: UpdateParameters, by requester: Requester, reply: ReplyToken,
        _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var task = try owned(change.id, by: requester, in: work.store)
        let attempt = try liveAttempt(of: task, in: work.store)
        try requireQueued(task, attempt, "only a queued task can be changed", work)
        let place = task.place
        try SpecRules.check(change.name, "name", nil)
        try SpecRules.check(change.priority, "priority", nil)
        try SpecRules.check(change.retries, "retries", nil)
        try SpecRules.check(change.timeout, "timeout", nil)
        if let pool = change.pool {
            guard let settings = settings[pool] else { throw unknownPool(pool) }
            let router = TaskRouter(rules: rules, pools: self.settings)
            try router.checkAccess(requester, to: pool, for: task.definition.submitter, field: "pool")
            if case .prompt = task.definition.work, !settings.takesPrompts {
                throw WireError(.invalidParameter, "the pool \"\(pool)\" has no agent for prompts", field: "pool")
            }
            if case .prompt(let prompt) = task.definition.work {
                let thinking = task.definition.thinking.flatMap(ThinkingLevel.init(rawValue:))
                try router.checkModel(task.definition.model, in: pool, field: "pool")
                try router.checkThinking(thinking, in: pool, field: "pool")
                try router.checkLength(prompt, in: pool, field: "pool")
            }
            try router.checkSize(of: task.definition, in: pool, field: "pool")
            let state = try work.store.pools().first { $0.name == pool }
            let current = task.definition.routing?.pool ?? task.pool
            guard pool == current || state?.mode != .draining else { throw draining(pool) }
            if task.definition.routing == nil { task.pool = pool } else { task.definition.routing?.pool = pool }
        }
        if let notBefore = change.notBefore, let expiry = task.definition.expiresAt, notBefore.milliseconds >= expiry {
            let expires = Timestamp(milliseconds: expiry)
            throw WireError(field: "not_before", "must be earlier than the task expires, at \(expires), not \(notBefore)")
        }
        if waits(for: [(task, attempt)], toTake: .update(change), by: requester, reply: reply, &work) { return }
        if let name = change.name { task.name = name }
        if let priority = change.priority { task.priority = priority }
        if let timeout = change.timeout { task.timeout = SpecRules.milliseconds(timeout) }
        if let retries = change.retries { task.retry.retries = retries }
        if let due = change.notBefore?.milliseconds {
            let isLater = due > work.now.wall
            task.dueAt = isLater ? due : nil
            task.dueIsRelative = false
            if task.phase != .held { task.phase = isLater ? .delayed : .ready }
        }
        if task.definition.routing != nil {
            task.definition.routing?.given.formUnion(change.fields)
            try work.store.saveChoice(of: task)
        }
        if task.phase == .ready { try makeReady(&task, &work) }
        try work.store.update(task, from: place)
        work.event(.taskUpdated, of: task)
        work.effects.append(.reply(reply, .changed(TasksChanged(tasks: [.init(id: task.id, state: .queued)]))))
    }

    func retry(
        _ ids: [Int64], by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let now = work.now.wall
        let router = TaskRouter(rules: rules, pools: settings)
        let tasks = try select(ids, by: requester, in: work.store)
        for task in tasks {
            guard task.phase.isFinal, task.phase != .succeeded else {
                let standing = task.standing(try liveAttempt(of: task, in: work.store))
                let rule =
                    task.phase == .delayed && task.attempts > 0
                    ? "it is tried again by itself, and at once after `orchctl update \(task.id) --not-before now`"
                    : "only a failed, cancelled or expired one can be retried"
                throw WireError(.invalidState, "task \(task.id) \(standing); \(rule)")
            }
            let pool = task.definition.routing?.pool ?? task.pool
            guard settings[pool] != nil else { throw unknownPool(pool) }
            if task.definition.isPoolGiven {
                try router.checkAccess(requester, to: pool, for: task.definition.submitter, field: "ids")
            }
            if let expiry = task.definition.expiresAt, expiry <= now {
                throw WireError(.invalidState, "task \(task.id) was to have started by a time that is past; submit it anew")
            }
        }
        for var task in tasks {
            let place = task.place
            task.attemptsBeforeRetry = task.attempts
            task.finishedAt = nil
            task.reason = nil
            try makeReady(&task, &work)
            work.event(.taskQueued, of: task, detail: "retried by uid \(requester.uid)")
            try work.store.update(task, from: place)
        }
        let entries = tasks.map { TasksChanged.Entry(id: $0.id, state: .queued) }
        work.effects.append(.reply(reply, .changed(TasksChanged(tasks: entries))))
    }

    mutating func hold(
        _ ids: [Int64], by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let tasks = try select(ids, by: requester, in: work.store).map { ($0, try liveAttempt(of: $0, in: work.store)) }
        for (task, attempt) in tasks { try requireQueued(task, attempt, "only a queued task can be held", work) }
        if waits(for: tasks, toTake: .hold(ids), by: requester, reply: reply, &work) { return }
        var entries: [TasksChanged.Entry] = []
        for (task, _) in tasks { entries.append(try hold(task, &work)) }
        work.effects.append(.reply(reply, .changed(TasksChanged(tasks: entries))))
    }

    /// Keeps a queued task from starting.
    func hold(_ task: TaskItem, _ work: inout TurnWork<some TaskTransaction>) throws -> TasksChanged.Entry {
        guard task.phase != .held else { return TasksChanged.Entry(id: task.id, state: .queued, unchanged: true) }
        var held = task
        held.phase = .held
        held.reason = "held"
        try work.store.update(held, from: task.place)
        work.event(.taskHeld, of: held)
        return TasksChanged.Entry(id: task.id, state: .queued)
    }

    func release(
        _ ids: [Int64], by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let tasks = try select(ids, by: requester, in: work.store).map { ($0, try liveAttempt(of: $0, in: work.store)) }
        for (task, attempt) in tasks { try requireQueued(task, attempt, "only a held task can be released", work) }
        var entries: [TasksChanged.Entry] = []
        for (task, _) in tasks { entries.append(try release(task, &work)) }
        work.effects.append(.reply(reply, .changed(TasksChanged(tasks: entries))))
    }

    /// Lets a held task go; one that is queued and not held stays as it is.
    func release(_ task: TaskItem, _ work: inout TurnWork<some TaskTransaction>) throws -> TasksChanged.Entry {
        guard task.phase == .held else { return TasksChanged.Entry(id: task.id, state: .queued, unchanged: true) }
        var task = task
        let place = task.place
        let isLater = (task.dueAt ?? 0) > work.now.wall
        task.reason = nil
        if isLater { task.phase = .delayed } else { try makeReady(&task, &work) }
        try work.store.update(task, from: place)
        work.event(.taskReleased, of: task)
        return TasksChanged.Entry(id: task.id, state: .queued)
    }

    /// The tasks of a request, each once, all of them the requester's to change.
    func select(_ ids: [Int64], by requester: Requester, in store: some TaskTransaction) throws -> [TaskItem] {
        try SpecRules.check(ids: ids)
        var seen: Set<Int64> = []
        return try ids.filter { seen.insert($0).inserted }.map { try owned($0, by: requester, in: store) }
    }

    func owned(_ id: Int64, by requester: Requester, in store: some TaskTransaction) throws -> TaskItem {
        guard let task = try store.task(id) else {
            throw WireError(.notFound, "there is no task \(id)", field: "id")
        }
        guard requester.isAdministrator || requester.uid == task.definition.submitter else {
            let owner = task.definition.submitter
            throw WireError(.forbidden, "task \(id) belongs to uid \(owner); only its owner and admins may change it")
        }
        return task
    }
}

extension UpdateParameters {
    /// What no program chooses any more.
    fileprivate var fields: Set<Routing.Field> {
        let fields: [(Routing.Field, Bool)] = [
            (.pool, pool != nil), (.priority, priority != nil), (.timeout, timeout != nil), (.retries, retries != nil),
        ]
        return Set(fields.filter(\.1).map(\.0))
    }
}
