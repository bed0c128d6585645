import OrchProtocol

/// What people do to tasks that are there.
extension Turn {
    mutating func update(_ change: UpdateParameters, by requester: Requester) throws -> Answer {
        var task = try owned(change.id, by: requester)
        let attempt = try liveAttempt(of: task)
        try requireQueued(task, attempt, "only a queued task can be changed")
        let place = task.place
        try SpecRules.check(change.options, nil)
        var change = change
        let current = task.definition.routing?.pool ?? task.pool
        let isOtherWork = change.arguments != nil || change.prompt != nil
        if isOtherWork {
            // A task may run as its submitter: a grant is not to make somebody else's work of it.
            guard requester.owns(task) || requester.isAdministrator else {
                throw WireError(.forbidden, "only the owner of task \(task.id) and admins may change what it does")
            }
            try changeWork(of: &task, attempt, &change)
        }
        if let pool = change.pool {
            guard let settings = state.settings[pool] else { throw unknownPool(pool) }
            let router = try router()
            try router.checkAccess(requester, to: pool, for: task.definition.submitter, field: "pool")
            try router.checkRights(try rights(of: task), to: pool, field: "pool")
            try router.check(task.definition, in: settings, field: "pool")
            guard pool == current || !router.isDraining(pool) else { throw draining(pool) }
            if task.definition.routing == nil { task.pool = pool } else { task.definition.routing?.pool = pool }
        } else if isOtherWork, let settings = state.settings[current] {
            try router().check(task.definition, in: settings)
        }
        if change.pool != nil || change.options.priority != nil, let settings = state.settings[change.pool ?? current] {
            let given = change.options.priority
            let field = given == nil ? "pool" : "priority"
            try router().check(priority: given ?? task.priority, in: settings, by: requester, field: field)
        }
        if let notBefore = change.notBefore, let expiry = task.definition.expiresAt, notBefore.milliseconds >= expiry {
            let expires = Timestamp(milliseconds: expiry)
            throw WireError(field: "not_before", "must be earlier than the task expires, at \(expires), not \(notBefore)")
        }
        if needsTakingBack([(task, attempt)]) { return .afterTakingBack([(task, attempt)]) }
        task.definition.options.take(change.options)
        // In the units of the row.
        task.timeout = task.timeout
        if let due = change.notBefore?.milliseconds {
            let isLater = due > now.wall
            task.dueAt = isLater ? due : nil
            task.dueIsRelative = false
        }
        task.definition.routing?.given.formUnion(change.fields)
        try store.saveChoice(of: task)
        if isOtherWork { try store.saveWork(of: task) }
        if change.notBefore != nil {
            try move(&task, on: .schedule)
        } else if task.phase == .ready {
            try makeReady(&task)
        }
        try store.update(task, from: place)
        event(.taskUpdated, of: task)
        return .changed([.init(id: task.id, state: .queued)])
    }

    mutating func retry(_ parameters: RetryParameters, by requester: Requester) throws -> Answer {
        let router = TaskRouter(rules: state.rules, pools: state.settings)
        let tasks = try fitting(select(parameters, by: requester), parameters) { task in
            guard task.phase.isFinal, task.phase != .succeeded else {
                let standing = task.standing(try liveAttempt(of: task))
                let rule =
                    task.phase == .delayed && task.attempts > 0
                    ? "it is tried again by itself, and at once after `orchctl update \(task.id) --not-before now`"
                    : "only a failed, cancelled or expired one can be retried"
                throw WireError(.invalidState, "task \(task.id) \(standing); \(rule)")
            }
            let pool = task.definition.routing?.pool ?? task.pool
            guard state.settings[pool] != nil else { throw unknownPool(pool) }
            if task.definition.isPoolGiven {
                try router.checkAccess(requester, to: pool, for: task.definition.submitter, field: "ids")
            }
            try router.checkRights(try rights(of: task), to: pool, field: "ids")
            if let expiry = task.definition.expiresAt, expiry <= now.wall {
                throw WireError(.invalidState, "task \(task.id) expired, and its latest start time is past; submit it again")
            }
        }
        for task in tasks {
            let retried = try change(task, on: .retry) {
                ($0.attemptsBeforeRetry, $0.finishedAt, $0.reason) = ($0.attempts, nil, nil)
            }
            if let retried { try moveInTree(retried, fresh: parameters.fresh ?? false) }
            if let retried { event(.taskQueued, of: retried, detail: "retried by \(requester.principal)") }
        }
        return .changed(tasks.map { TasksChanged.Entry(id: $0.id, state: .queued) })
    }

    /// What a retry means to the tree of a task: without a parent that still waits for it, it continues by itself.
    private func moveInTree(_ task: TaskItem, fresh: Bool) throws {
        var task = task
        if fresh { task.ancestry.forgottenSteps = task.attempts }
        if task.isChild, try store.task(task.ancestry.parent)?.phase.isFinal ?? true { task.ancestry.isDetached = true }
        try store.saveAncestry(of: task)
    }

    mutating func hold(_ selection: TaskSelection, by requester: Requester) throws -> Answer {
        let tasks = try selectQueued(selection, by: requester, "only a queued task can be held")
        if needsTakingBack(tasks) { return .afterTakingBack(tasks) }
        return .changed(try tasks.map { try hold($0.task) })
    }

    /// Keeps a queued task from starting.
    mutating func hold(_ task: TaskItem) throws -> TasksChanged.Entry {
        let held = try change(task, on: .hold) { $0.reason = "held" }
        if let held { event(.taskHeld, of: held) }
        return TasksChanged.Entry(id: task.id, state: .queued, unchanged: held == nil)
    }

    mutating func release(_ selection: TaskSelection, by requester: Requester) throws -> Answer {
        let tasks = try selectQueued(selection, by: requester, "only a held task can be released")
        return .changed(try tasks.map { try release($0.task) })
    }

    /// Lets a held task go; one that is queued and not held stays as it is.
    mutating func release(_ task: TaskItem) throws -> TasksChanged.Entry {
        let released = try change(task, on: .release) { $0.reason = nil }
        if let released { event(.taskReleased, of: released) }
        return TasksChanged.Entry(id: task.id, state: .queued, unchanged: released == nil)
    }

    /// The tasks of a request, each once, all of them the requester's to change.
    ///
    /// - Parameter lenient: to leave out what is not there, or not the requester's.
    func select(_ ids: [Int64], lenient: Bool, by requester: Requester) throws -> [TaskItem] {
        try SpecRules.check(ids: ids)
        var seen: Set<Int64> = []
        return try ids.filter { seen.insert($0).inserted }.compactMap { id in
            do { return try owned(id, by: requester) } catch is WireError where lenient { return nil }
        }
    }

    func select(_ parameters: some TaskIDs, by requester: Requester) throws -> [TaskItem] {
        try select(parameters.ids, lenient: parameters.lenient ?? false, by: requester)
    }

    /// The same, each with its attempt that has not ended.
    func selectLive(_ parameters: some TaskIDs, by requester: Requester) throws -> [(task: TaskItem, attempt: Attempt?)] {
        try select(parameters, by: requester).map { ($0, try liveAttempt(of: $0)) }
    }

    /// All of the tasks, or of a lenient request those of them that pass a check.
    func fitting<Selected>(
        _ tasks: [Selected], _ parameters: some TaskIDs, _ check: (Selected) throws -> Void
    ) throws -> [Selected] {
        let lenient = parameters.lenient ?? false
        return try tasks.filter { task in
            do { try check(task) } catch is WireError where lenient { return false }
            return true
        }
    }

    func owned(_ id: Int64, by requester: Requester) throws -> TaskItem {
        guard let task = try store.task(id) else {
            let place = requester.isTask ? " below \(requester.principal)" : ""
            throw WireError(.notFound, "there is no task \(id)\(place)", field: "id")
        }
        guard try mayChange(task, by: requester) else {
            if requester.isTask {
                throw WireError(.notFound, "there is no task \(id) below \(requester.principal)", field: "id")
            }
            throw WireError(
                .forbidden, "task \(id) belongs to \(task.definition.owner); only its owner and admins may change it")
        }
        return task
    }
}

extension UpdateParameters {
    /// What no program chooses any more.
    fileprivate var fields: Set<Routing.Field> {
        let fields: [(Routing.Field, Bool)] = [
            (.pool, pool != nil), (.priority, options.priority != nil), (.timeout, options.timeout != nil),
            (.retries, options.retries != nil),
        ]
        return Set(fields.filter(\.1).map(\.0))
    }
}
