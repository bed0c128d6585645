import OrchProtocol

/// What a key finds that has been given before.
extension Turn {
    /// What there is for a task that is submitted.
    enum Known {
        /// Nothing: it will be made.
        case none
        /// This one, which is answered.
        case task(Int64)
        /// One that counts no more: it will be made again, and this one gives up the key.
        case outdated(TaskItem)
    }

    /// | the child that has the key | in an earlier attempt of its parent | in this attempt |
    /// |---|---|---|
    /// | has succeeded | this one | this one |
    /// | is queued, or runs | this one, which now is this attempt's | this one |
    /// | has failed, was cancelled, or has expired | made again | this one |
    ///
    /// For a submitter that is not a task, it is always this one.
    func known(_ spec: TaskSpec, of submitter: Submitter, _ path: String?) throws -> Known {
        guard let key = spec.key else {
            guard spec.step != true else { throw WireError(field: SpecRules.field("step", path), "needs a \"key\"") }
            return .none
        }
        let parent = submitter.parent
        let found = try store.task(
            withKey: key, of: submitter.uid, subject: submitter.subject, below: parent?.id ?? 0)
        guard let id = found else {
            // A child is kept as long as its parent can ask.
            guard parent == nil, let id = try forgottenTask(withKey: key, of: submitter.requester.principal) else {
                return .none
            }
            return .task(id)
        }
        guard spec.step == true || parent != nil, let task = try store.task(id) else { return .task(id) }
        if let parent {
            let isForgotten = task.ancestry.attempt <= parent.ancestry.forgottenSteps
            let isEarlier = task.ancestry.attempt < submitter.requester.attempt
            if isForgotten || isEarlier && task.phase.isFinal && task.phase != .succeeded { return .outdated(task) }
        }
        if spec.step == true, let difference = try difference(of: spec, from: task, everything: true) {
            throw WireError(
                .invalidParameter,
                """
                the step "\(key.shortened(to: 80))" was task \(task.id), which had another \(difference); give it another name, or \
                submit what it was
                """, field: SpecRules.field("step", path))
        }
        return .task(id)
    }

    /// Refuses a request in which a step comes twice with different work: what the first of them makes is not there when the second is checked.
    func checkSteps(_ specs: [TaskSpec], _ path: (Int) -> String?) throws(WireError) {
        guard specs.count > 1, specs.contains(where: { $0.step == true }) else { return }
        var first: [ExactText: Int] = [:]
        for (index, var spec) in specs.enumerated() {
            guard let key = spec.key else { continue }
            let isStep = spec.step == true
            spec.step = true
            guard let other = first.updateValue(index, forKey: ExactText("\(spec.subject ?? "")\0\(key)")) else { continue }
            var earlier = specs[other]
            guard isStep || earlier.step == true else { continue }
            earlier.step = true
            guard spec != earlier else { continue }
            throw WireError(
                .invalidParameter, "the step \"\(key.shortened(to: 80))\" comes twice in this request, with different work",
                field: SpecRules.field("step", path(index)))
        }
    }

    /// Lets a child that an earlier attempt of its parent has made be one of the present attempt, whose end is then its own.
    mutating func attach(_ id: Int64, to submitter: Submitter) throws {
        guard submitter.parent != nil, var task = try store.task(id), !task.phase.isFinal,
            task.ancestry.attempt != submitter.requester.attempt
        else { return }
        task.ancestry.attempt = submitter.requester.attempt
        try store.saveAncestry(of: task)
    }

    /// What is asked for otherwise than before, in words, as in "another pool and model"; nil where it is the same. What was not given is
    /// taken for the same: rules, pools and clients have filled it in.
    ///
    /// - Parameter everything: to look at all that may be given, and not only at what makes it other work.
    func difference(of spec: TaskSpec, from task: TaskItem, everything: Bool) throws -> String? {
        let first = task.definition
        let work =
            switch first.work {
            case .command(let command): spec.arguments == command
            case .prompt(let prompt): spec.prompt.map { $0.isSame(as: prompt) || hasTags($0, before: prompt) } ?? false
            }
        let input = try spec.input == (first.hasInput ? store.input(of: task.id) : nil)
        let pool = first.routing?.pool ?? task.pool
        var parts = [
            (work, spec.prompt == nil ? "command" : "prompt"), (input, "standard input"),
            (spec.variables.map { $0 == first.environment } ?? true, "environment"),
            (spec.directory.map { $0 == first.directory } ?? true, "directory"),
            ((spec.kept?.files ?? []) == (first.files?.files ?? []), "files"),
            (spec.pool.map { $0 == pool || !first.isPoolGiven && !everything } ?? true, "pool"),
        ]
        if everything { parts += options(of: spec, like: task) }
        let others = parts.filter { !$0.0 }.map(\.1)
        guard let last = others.last else { return nil }
        return others.count == 1 ? last : others.dropLast().joined(separator: ", ") + " and " + last
    }

    private func options(of spec: TaskSpec, like task: TaskItem) -> [(Bool, String)] {
        let (given, kept) = (spec.options, task.definition.options)
        func isSame<T: Equatable>(_ value: T?, _ known: T?) -> Bool { value == nil || value == known }
        return [
            (isSame(given.model.map { state.rules.aliases[$0] ?? $0 }, kept.model), "model"),
            (isSame(given.thinking, kept.thinking), "thinking"), (isSame(given.priority, task.priority), "priority"),
            (Set(given.needs ?? []).isSubset(of: kept.needs ?? []), "needs"),
            (isSame(given.resources, kept.resources ?? ResourceLimits()), "resources"),
            (isSame(given.scope, kept.scope ?? TaskScope()), "scope"),
            (isSame(given.labels, kept.labels ?? [:]), "labels"), (isSame(given.name, kept.name), "name"),
            (isSame(SpecRules.milliseconds(given.timeout), task.timeout), "timeout"),
            (isSame(SpecRules.milliseconds(given.idleTimeout), task.idleTimeout), "idle timeout"),
            (isSame(given.retries, task.retry.retries), "number of retries"),
            (isSame(given.retryOn.map(Set.init), Set(task.retry.causes)), "causes of retries"),
            (isSame(SpecRules.milliseconds(given.retryDelay), task.retry.delay), "retry delay"),
            (isSame(given.expires, kept.expires), "latest start"),
            (isSame(spec.resultSchema.map(SpecRules.text), task.definition.resultSchema), "schema of its result"),
            (isSame(spec.detach, task.ancestry.isDetached), "\"detach\""),
        ]
    }

    /// Tags at the beginning of a prompt are not kept.
    private func hasTags(_ given: String, before prompt: String) -> Bool {
        given.utf8.first == UInt8(ascii: "[") && given.has(suffix: prompt)
    }
}
