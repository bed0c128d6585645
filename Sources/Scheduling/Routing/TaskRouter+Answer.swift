import OrchProtocol

/// What happens to the answer of a rule's program.
extension TaskRouter {
    /// What holds once a program has answered, or has not.
    struct Conclusion: Equatable {
        var pool: String
        var model: String?
        var thinking: ThinkingLevel?
        var priority: Int
        /// What the program has chosen, and what it was not allowed to, in words.
        var chosen: [String] = []
        var refused: [String] = []
    }

    /// Takes of an answer what is valid and was left open. All else stays as the rule has set it.
    ///
    /// - Parameter rights: what those above the task leave it; nil for a task that stands alone.
    func conclude(
        _ task: TaskItem, _ routing: Routing, _ answer: [ExactText: JSONValue], rights: SpawnRights? = nil
    ) -> Conclusion {
        let definition = task.definition
        var conclusion = Conclusion(
            pool: routing.pool, model: definition.model, thinking: definition.thinking, priority: task.priority)
        func open(_ field: Routing.Field) -> JSONValue? {
            guard !routing.given.contains(field), let value = answer[ExactText(field.rawValue)], value != .null else {
                return nil
            }
            return value
        }
        if let value = open(.model) {
            if let model = value.text, Self.isModel(model) {
                conclusion.model = rules.aliases[model] ?? model
                conclusion.chosen.append("model \"\(model)\"")
            } else {
                conclusion.refused.append("it answered an invalid model name")
            }
        }
        if let value = open(.pool) {
            let fixed = routing.given.contains(.thinking) ? definition.thinking : nil
            if let complaint = complaint(about: value.text, for: definition, thinking: fixed, rights) {
                conclusion.refused.append(complaint)
            } else if let pool = value.text {
                conclusion.pool = pool
                conclusion.chosen.append("pool \"\(pool)\"")
            }
        }
        if let value = open(.thinking) {
            if let word = value.text, let level = ThinkingLevel(rawValue: word), takes(level, conclusion.pool) {
                conclusion.thinking = level
                conclusion.chosen.append("thinking \"\(word)\"")
            } else {
                conclusion.refused.append("it answered a thinking level that the pool \"\(conclusion.pool)\" does not take")
            }
        }
        if let value = open(.priority) {
            if case .integer(let number) = value, ValueRule.priority.complaint(number) == nil {
                let priority = Int(number)
                conclusion.priority = priority
                conclusion.chosen.append("priority \(priority)")
            } else {
                conclusion.refused.append("its priority is not \(ValueRule.priority.form)")
            }
        }
        // The rule's level is for the rule's pool, which the program may not have chosen.
        if !routing.given.contains(.thinking), let level = conclusion.thinking, !takes(level, conclusion.pool) {
            conclusion.thinking = nil
        }
        if !routing.given.contains(.model), !takesModel(conclusion.pool) { conclusion.model = nil }
        return conclusion
    }

    private static func isModel(_ text: String) -> Bool {
        ValueRule.name.complaint(text) == nil
    }

    private func takes(_ level: ThinkingLevel, _ pool: String) -> Bool {
        (try? checkThinking(level, in: pool, field: "thinking")) != nil
    }

    /// Why a prompt cannot go to a pool that a program has named; nil if it can.
    private func complaint(
        about name: String?, for definition: TaskDefinition, thinking: ThinkingLevel?, _ rights: SpawnRights?
    ) -> String? {
        guard let name else { return "it answered an invalid pool name" }
        guard let pool = pools[name] else { return "there is no pool \"\(name.shortened(to: 64))\"" }
        guard pool.takesPrompts else { return "the pool \"\(name)\" has no agent for prompts" }
        guard !isDraining(name) else { return "the pool \"\(name)\" is draining" }
        guard offers(name, definition.needs) else { return "the pool \"\(name)\" does not offer what the task needs" }
        do throws(WireError) {
            try checkRights(rights, to: name, field: "pool")
            try checkThinking(thinking, in: name, field: "pool")
            if case .prompt(let prompt) = definition.work { try checkLength(prompt, in: name, field: "pool") }
            try checkSize(of: definition, in: name, field: "pool")
            try Self.check(definition.files, in: pool, "pool")
            return nil
        } catch {
            return error.message
        }
    }

    /// The program of a rule, where it can be asked at present.
    func program(of rule: String) -> RouteRule.Program? {
        guard let program = rules.routes.first(where: { $0.name == rule })?.program, let pool = pools[program.pool],
            pool.warm == nil
        else { return nil }
        return program
    }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
}
