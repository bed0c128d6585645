import OrchProtocol

/// Chooses what the submitter of a task leaves open: the pool, and for a prompt the model, the thinking level and the priority.
///
/// What is in the request stands, then what the prompt's tags say, then the first rule that matches.
public struct TaskRouter {
    /// Where tasks go that name no pool.
    static let defaultPool = "default"

    let rules: Rules
    let pools: [String: PoolSettings]
    private let draining: Set<String>
    private let reported: [String: Set<String>]

    /// - Parameter states: what has happened to the pools: which of them drain, and what their workers offer.
    public init(rules: Rules, pools: [String: PoolSettings], states: [PoolState] = []) {
        self.rules = rules
        self.pools = pools
        draining = Set(states.filter { $0.mode == .draining }.map(\.name))
        reported = Dictionary(
            states.filter { !$0.reported.isEmpty }.map { ($0.name, $0.reported) }, uniquingKeysWith: { $1 })
    }

    func isDraining(_ pool: String) -> Bool { draining.contains(pool) }

    struct Choice: Equatable {
        var pool: String
        /// Whether the submitter has named it, so that no other will do.
        var isPoolGiven: Bool
        /// Whether a rule has, or its program is to.
        var isPoolRuled = false
        var model: String?
        var thinking: ThinkingLevel?
        var priority: Int
        var needs: [String]
        var prompt: String?
        var route: String?
        /// The rule's program must be asked, and until then the rest says what holds without it.
        var routing: Routing?
    }

    /// - Parameters:
    ///   - path: where the task is in a batch, for errors.
    ///   - note: is told of each rule whether it matches, and why not.
    func choose(
        for spec: TaskSpec, by submitter: Submitter, path: String? = nil, note: (RouteRule, String?) -> Void = { _, _ in }
    ) throws(WireError) -> Choice {
        var choice = Choice(
            pool: spec.pool ?? Self.defaultPool, isPoolGiven: spec.pool != nil, model: spec.model, thinking: spec.thinking,
            priority: submitter.priority(spec.priority), needs: spec.needs ?? [])
        if let prompt = spec.prompt {
            choice.prompt = prompt
            try takeTags(&choice, path)
            let asked = choice.model
            applyRules(spec, by: submitter, &choice, note)
            // A rule's model is for the agents that take one.
            if asked == nil, !takesModel(choice.pool) { choice.model = nil }
            if let model = choice.model, let meant = rules.aliases[model] { choice.model = meant }
        }
        if !choice.needs.isEmpty, !choice.isPoolGiven, !offers(choice.pool, choice.needs) {
            choice.pool = pool(offering: choice.needs, toPrompts: spec.prompt != nil, for: submitter) ?? choice.pool
            choice.isPoolRuled = false
        }
        if !choice.isPoolRuled {
            try checkAccess(submitter.requester, to: choice.pool, field: SpecRules.field("pool", path))
        }
        try checkRights(submitter.rights, to: choice.pool, field: SpecRules.field("pool", path))
        choice.routing?.pool = choice.pool
        return choice
    }

    /// What the tags of another prompt say for a task that is there; no rule chooses again.
    ///
    /// - Parameter pool: that somebody names for it now.
    /// - Returns: what is not tagged is nil, and the pool the present one.
    func retag(_ prompt: String, in current: String, to pool: String?) throws(WireError) -> Choice {
        var choice = Choice(pool: pool ?? current, isPoolGiven: pool != nil, priority: 0, needs: [], prompt: prompt)
        try takeTags(&choice, nil)
        if let model = choice.model, let meant = rules.aliases[model] { choice.model = meant }
        return choice
    }

    private func takeTags(_ choice: inout Choice, _ path: String?) throws(WireError) {
        guard let prompt = choice.prompt, prompt.utf8.first == UInt8(ascii: "["), pools[choice.pool]?.inlineTags ?? true else {
            return
        }
        let tags = InlineTags(prompt)
        guard tags.rest.startIndex > prompt.startIndex else { return }
        guard !tags.rest.isBlank else {
            throw WireError(
                .invalidParameter, "the prompt is empty except for its tags", field: SpecRules.field("prompt", path))
        }
        if let complaint = tags.model.flatMap(ValueRule.name.complaint) {
            throw WireError(.invalidParameter, "[model:…] \(complaint)", field: SpecRules.field("prompt", path))
        }
        try SpecRules.check(needs: tags.needs, path)
        let thinking = try level(tags.thinking, path)
        choice.prompt = String(tags.rest)
        if let pool = tags.pool, !choice.isPoolGiven { (choice.pool, choice.isPoolGiven) = (pool, true) }
        choice.model = choice.model ?? tags.model
        choice.thinking = choice.thinking ?? thinking
        for need in tags.needs where !choice.needs.contains(need) { choice.needs.append(need) }
    }

    private func level(_ word: String?, _ path: String?) throws(WireError) -> ThinkingLevel? {
        guard let word else { return nil }
        if let level = ThinkingLevel(rawValue: word) { return level }
        let known = ThinkingLevel.allCases.map(\.rawValue)
        let hint = nearest(word, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
        throw WireError(
            .invalidParameter,
            "[thinking:\(word.shortened(to: 40))] is invalid; use one of \(known.joined(separator: ", "))\(hint)",
            field: SpecRules.field("prompt", path))
    }

    private func applyRules(
        _ spec: TaskSpec, by submitter: Submitter, _ choice: inout Choice, _ note: (RouteRule, String?) -> Void
    ) {
        guard !rules.routes.isEmpty, let prompt = choice.prompt else { return }
        let facts = PromptFacts(
            text: prompt, characters: prompt.unicodeScalars.count, pool: choice.pool,
            agent: pools[choice.pool]?.agent ?? "command", labels: spec.labels ?? [:], submitter: submitter.uid,
            subject: submitter.subject)
        for rule in rules.routes {
            let mismatch = rule.match.mismatch(facts)
            note(rule, mismatch)
            guard mismatch == nil else { continue }
            let before = choice
            choice.route = rule.name
            choice.model = choice.model ?? rule.choice.model
            choice.thinking = choice.thinking ?? rule.choice.thinking
            choice.priority = submitter.priority(spec.priority ?? rule.choice.priority)
            if !choice.isPoolGiven, let pool = rule.choice.pool { (choice.pool, choice.isPoolRuled) = (pool, true) }
            if let program = self.program(of: rule.name), !isDraining(program.pool) {
                let given = given(spec, before)
                if !given.isSuperset(of: Routing.Field.chosen) {
                    choice.routing = Routing(rule: rule.name, pool: choice.pool, given: given)
                    if !choice.isPoolGiven { choice.isPoolRuled = true }
                }
            }
            return
        }
    }

    /// What nobody but the submitter and the tags has said.
    private func given(_ spec: TaskSpec, _ tagged: Choice) -> Set<Routing.Field> {
        let fields: [(Routing.Field, Bool)] = [
            (.model, tagged.model != nil), (.thinking, tagged.thinking != nil), (.pool, tagged.isPoolGiven),
            (.priority, spec.priority != nil), (.timeout, spec.timeout != nil), (.idleTimeout, spec.idleTimeout != nil),
            (.retries, spec.retries != nil),
        ]
        return Set(fields.filter(\.1).map(\.0))
    }

    /// Whether the agent of a pool can be told which model to use; a warm worker is told in any case.
    func takesModel(_ pool: String) -> Bool {
        guard let settings = pools[pool], settings.warm == nil, let agent = settings.agent else { return true }
        return rules.agents[agent]?.takesModel ?? true
    }

    /// What is asked for must not be without effect.
    func checkModel(_ model: String?, in pool: String, field: String) throws(WireError) {
        guard let model, !takesModel(pool) else { return }
        throw WireError(
            .invalidParameter,
            """
            the agent "\(pools[pool]?.agent ?? "")" of the pool "\(pool)" takes no model, and the task names the model \
            "\(model.shortened(to: 80))"; leave it out, or give the agent's definition a place for {model}
            """, field: field)
    }

    /// An agent that does not know a level must not be found out to only when it runs.
    func checkThinking(_ level: ThinkingLevel?, in pool: String, field: String) throws(WireError) {
        guard let level, let agent = pools[pool]?.agent, let known = rules.agents[agent]?.thinking, !known.contains(level)
        else { return }
        let levels = ThinkingLevel.allCases.filter(known.contains).map(\.rawValue).joined(separator: ", ")
        let has = levels.isEmpty ? "takes no level of thinking" : "knows the levels \(levels)"
        throw WireError(
            .invalidParameter, "the agent \"\(agent)\" of the pool \"\(pool)\" \(has), and not \"\(level.rawValue)\"",
            field: field)
    }

    /// Nor must a prompt that no program can be started with.
    func checkLength(_ prompt: String, in pool: String, field: String) throws(WireError) {
        guard let settings = pools[pool], settings.warm == nil, let agent = settings.agent,
            let longest = rules.agents[agent]?.longestPrompt, prompt.utf8.count > longest
        else { return }
        throw WireError(
            .invalidParameter,
            """
            the agent "\(agent)" of the pool "\(pool)" takes prompts of at most \(longest) bytes, as an argument, and this \
            prompt has \(prompt.utf8.count); put the text into a file and name the file in the prompt, or choose an agent that \
            reads prompts from standard input
            """, field: field)
    }

    /// Nor must a task whose arguments and environment are together more than a program can be started with.
    ///
    /// - Parameter field: of the request that is at fault; nil for what takes most of the room.
    func checkSize(of definition: TaskDefinition, in pool: String, field: String? = nil, path: String? = nil) throws(WireError)
    {
        guard let settings = pools[pool], settings.warm == nil else { return }
        var (variables, arguments) = (ArgumentSize(), ArgumentSize())
        variables.add(environment: definition.environment)
        switch definition.work {
        case .command(let command): arguments.add(arguments: command)
        case .prompt(let prompt):
            guard let agent = settings.agent.flatMap({ rules.agents[$0] }) else { return }
            arguments.add(agent.ownArguments)
            arguments.add(stringOf: prompt.utf8.count * agent.promptPlaces)
            arguments.add(stringOf: (definition.resultSchema?.utf8.count ?? 0) * agent.schemaPlaces)
        }
        var size = settings.ownArguments
        size.add(variables)
        size.add(arguments)
        guard size.isTooMuch else { return }
        let own = if case .command = definition.work { "command" } else { "prompt" }
        throw WireError(
            .invalidParameter,
            ArgumentSize.complaint("the arguments and variables of its program in the pool \"\(pool)\" have", size),
            field: field ?? SpecRules.field(variables.bytes > arguments.bytes ? "env" : own, path))
    }

    // MARK: Capabilities

    /// Whether a pool offers all that is needed, whichever of its workers gets the task.
    func offersAlways(_ pool: String, _ needs: [String]) -> Bool {
        needs.isEmpty || pools[pool].map { $0.capabilities.isSuperset(of: needs) } ?? false
    }

    /// Whether the workers of a pool offer all that is needed.
    func offers(_ pool: String, _ needs: [String]) -> Bool {
        needs.isEmpty || offered(by: pool).isSuperset(of: needs)
    }

    /// What a pool lists, and what its warm workers say they can do.
    func offered(by pool: String) -> Set<String> {
        guard let its = pools[pool] else { return [] }
        return its.warm == nil ? its.capabilities : its.capabilities.union(reported[pool] ?? [])
    }

    /// By pool, for those that a task could go to.
    public var offered: [String: Set<String>] {
        Dictionary(uniqueKeysWithValues: pools.keys.map { ($0, offered(by: $0)) })
    }

    /// The first pool by name that offers what is needed, takes the work, and is open to its submitter.
    func pool(offering needs: [String], toPrompts: Bool, for submitter: Submitter) -> String? {
        pools.values.filter {
            offers($0.name, needs) && ($0.takesPrompts || !toPrompts) && !isDraining($0.name)
                && admits(submitter.requester, to: $0.name) && submitter.rights?.complaint(about: $0.name) == nil
        }
        .map(\.name).min()
    }

    // MARK: Explaining

    /// What would be chosen for a task, and what each rule says.
    ///
    /// - Parameter ancestors: where a task asks: that task, and all above it.
    public func explain(
        _ spec: TaskSpec, by requester: Requester, below ancestors: [TaskItem] = []
    ) throws(WireError) -> RouteExplanation {
        try SpecRules.check(spec, path: nil)
        var submitter = Submitter(requester: try requester.speaking(for: spec.subject))
        if let parent = ancestors.first {
            (submitter.parent, submitter.rights) = (parent, SpawnRights(ancestors, pools: pools))
        }
        var steps: [RouteStep] = []
        let choice = try choose(for: spec, by: submitter) { rule, mismatch in
            steps.append(RouteStep(name: rule.name, matches: mismatch == nil, reason: mismatch ?? "matches"))
        }
        if let prompt = choice.prompt { try check(prompt, choice.model, choice.thinking, in: choice.pool) { $0 } }
        for rule in rules.routes.dropFirst(steps.count) {
            steps.append(RouteStep(name: rule.name, matches: false, reason: "is not checked, because a rule before it matches"))
        }
        var explanation = RouteExplanation(pool: choice.pool, priority: choice.priority, rules: steps)
        (explanation.model, explanation.thinking, explanation.route) = (choice.model, choice.thinking?.rawValue, choice.route)
        if let routing = choice.routing, let program = program(of: routing.rule) {
            explanation.asks = RouteProgram(
                command: program.command, pool: program.pool, timeout: Double(program.timeout) / 1000)
        }
        explanation.needs = choice.needs.isEmpty ? nil : choice.needs
        explanation.prompt = choice.prompt == spec.prompt ? nil : choice.prompt
        return explanation
    }
}
