import OrchProtocol

extension Turn {
    mutating func submit(_ submission: Submission, unusable: [ByteString: String], by requester: Requester) throws -> Answer {
        let specs = submission.all
        let router = try router()
        // One door is one task, whatever its tasks say.
        let door = requester.isTask ? try submitter(requester) : nil
        func path(_ index: Int) -> String? { if case .many = submission { "[\(index)]" } else { nil } }
        // All of them are checked before the first is written. What happens to them is not kept meanwhile: of a large batch
        // that would be more than the batch itself.
        var count = 0
        try checkSteps(specs, path)
        for (index, spec) in specs.enumerated() {
            if index % 1000 == 999 { store.reportProgress() }
            let path = path(index)
            try SpecRules.check(spec, path: path)
            // Only a bridge may give a subject. A task is not one.
            let asker = try requester.speaking(for: spec.subject, path: path)
            let submitter = try door ?? submitter(asker)
            // A repeated request gets its answer whatever has happened to the pool meanwhile.
            if case .task = try known(spec, of: submitter, path) { continue }
            _ = try item(from: spec, path: path, by: submitter, router)
            if !unusable.isEmpty, let complaint = spec.directory.flatMap({ unusable[$0] }) {
                try SpecRules.fail("must be a directory to start in: \(complaint)", "cwd", path)
            }
            count += 1
        }
        if let door { try checkTree(of: door, more: count) }
        guard store.queuedCount + count <= state.mostQueued else {
            throw WireError(
                .tooBusy, "\(store.queuedCount) tasks are queued and the limit is \(state.mostQueued); try again later")
        }
        var results: [Submitted] = []
        results.reserveCapacity(specs.count)
        var repeats = 0
        for (index, spec) in specs.enumerated() {
            // The same key may also come twice in one batch.
            let submitter = try door ?? submitter(requester.speaking(for: spec.subject))
            let path = path(index)
            let known = try known(spec, of: submitter, path)
            if case .task(let id) = known {
                try attach(id, to: submitter)
                // Of many it is not worth the time to look at all of them.
                let warning = repeats < Self.comparedRepeats ? try warning(aboutRepeating: spec, of: id) : nil
                repeats += 1
                results.append(Submitted(id: id, created: false, warning: warning))
            } else {
                if case .outdated(let former) = known { try store.forgetKey(of: former.id) }
                let task = try item(from: spec, path: path, by: submitter, router)
                var submitted = try accept(task, input: spec.input, router)
                submitted.warning = submitted.warning ?? SpecRules.warning(notBefore: spec.notBefore, now: now.wall)
                results.append(submitted)
            }
        }
        assert(results.count == specs.count, "somebody gets no answer")
        switch submission {
        case .one: return .now(.submitted(.one(results[0])))
        case .many: return .now(.submitted(.many(results)))
        }
    }

    private static var comparedRepeats: Int { 1000 }

    private func warning(aboutRepeating spec: TaskSpec, of id: Int64) throws -> String? {
        guard let task = try store.task(id) else {
            return "task \(id) was made with the same key, and has been forgotten since; this one was not made"
        }
        return try difference(of: spec, from: task, everything: false).map {
            "task \(id) has the same key and another \($0); this one was not made"
        }
    }

    private mutating func accept(_ task: TaskItem, input: ByteString?, _ router: TaskRouter) throws -> Submitted {
        var task = task
        if task.phase == .ready { try makeReady(&task) }
        task.id = try store.insert(task, input: input)
        let routing = task.definition.routing.map { "to be routed by rule \"\($0.rule)\"" }
        event(.taskQueued, of: task, detail: task.reason ?? routing)
        return Submitted(id: task.id, created: true, warning: warning(of: task, router))
    }

    private func item(from spec: TaskSpec, path: String?, by submitter: Submitter, _ router: TaskRouter) throws -> TaskItem {
        try SpecRules.check(notBefore: spec.notBefore, expires: spec.expires, now: now.wall, path)
        try Self.checkPriority(spec.priority, below: submitter.parent, path)
        let choice = try router.choose(for: spec, by: submitter, path: path)
        let name = choice.pool
        guard let pool = state.settings[name] else {
            throw unknownPool(name, field: SpecRules.field("pool", path))
        }
        guard !router.isDraining(name) else {
            throw draining(name, field: SpecRules.field("pool", path))
        }
        try router.check(priority: spec.priority, in: pool, by: submitter.requester, field: SpecRules.field("priority", path))
        var options = spec.options
        (options.model, options.thinking, options.priority) = (choice.model, choice.thinking, choice.priority)
        options.needs = choice.needs
        options.dropEmpty()
        var definition = TaskDefinition(
            work: spec.arguments.map { .command($0) } ?? .prompt(choice.prompt ?? ""), options: options,
            environment: spec.variables ?? [:], directory: spec.directory,
            hasInput: spec.input != nil, submitter: submitter.uid, submittedAt: now.wall)
        definition.subject = submitter.subject
        definition.files = spec.kept
        definition.isPoolGiven = choice.isPoolGiven
        definition.route = choice.routing == nil ? choice.route : nil
        definition.routing = choice.routing
        definition.resultSchema = spec.resultSchema.map(SpecRules.text)
        try router.check(definition, in: pool, path: path)
        var task = TaskItem(definition: definition, pool: name, phase: .ready)
        if let parent = submitter.parent {
            task.ancestry = Ancestry(below: parent, attempt: submitter.requester.attempt)
        }
        if spec.detach == true { try detach(&task, submitter, path) }
        task.timeout = task.timeout ?? pool.timeout
        task.idleTimeout = task.idleTimeout ?? pool.idleTimeout
        // What is left open is the default, and what is given is in the order and the units of the row.
        task.retry.retries = options.retries ?? pool.retries
        if let routing = choice.routing, let program = router.program(of: routing.rule) { task.pool = program.pool }
        if let due = spec.notBefore?.milliseconds, due > now.wall {
            task.phase = .delayed
            task.dueAt = due
        }
        if spec.hold == true {
            task.phase = .held
            task.reason = "held"
        }
        return task
    }

    private func detach(_ task: inout TaskItem, _ submitter: Submitter, _ path: String?) throws(WireError) {
        let field = SpecRules.field("detach", path)
        guard let rights = submitter.rights else {
            throw WireError(.invalidParameter, "only what a task submits can be detached, and this has no parent", field: field)
        }
        if let complaint = rights.complaintAboutDetaching { throw WireError(.forbidden, complaint, field: field) }
        task.ancestry.isDetached = true
    }

    private func warning(of task: TaskItem, _ router: TaskRouter) -> String? {
        let needs = task.definition.needs
        let pool = task.definition.routing?.pool ?? task.pool
        guard !router.offers(pool, needs) else { return nil }
        return Capabilities.complaint(needs, pool: pool, offered: router.offered)
            + "; the task waits until that changes"
    }

    func draining(_ name: String, field: String = "pool") -> WireError {
        WireError(
            .draining, "the pool \"\(name)\" is draining and takes no new tasks; `orchctl pool resume \(name)` ends that",
            field: field)
    }

    func unknownPool(_ name: String, field: String = "pool") -> WireError {
        WireError.unknownPool(name, known: state.settings.keys.sorted(), field: field)
    }
}

extension WireError {
    /// - Parameter known: the pools that there are.
    public static func unknownPool(_ name: String, known: [String], field: String = "pool") -> WireError {
        let pools =
            known.isEmpty
            ? "there are none" : "pools: \(known.prefix(10).joined(separator: ", "))\(known.count > 10 ? ", …" : "")"
        let hint = nearest(name, in: known).map { "did you mean \"\($0)\"?" } ?? pools
        return WireError(.unknownPool, "there is no pool \"\(name.shortened(to: 64))\"; \(hint)", field: field)
    }
}
