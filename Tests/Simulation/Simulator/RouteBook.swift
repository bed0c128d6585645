import OrchProtocol
import Scheduling

/// A second book of the prompts that are routed: what their clients said stands, and what programs answered is taken.
struct RouteBook {
    /// Whether the program can be asked in the next turn.
    private var canAsk = false
    /// The longest that a program may have run, in milliseconds.
    private(set) var longest = RouteRule.Program.defaultTimeout
    /// What clients have said of tasks.
    private var specs: [Int64: TaskSpec] = [:]
    /// Tasks that somebody has changed since.
    private var changed: Set<Int64> = []
    /// Programs whose end this commit holds, with what they answered.
    private var answered: [(task: Int64, answer: RouteBehaviour.Answer)] = []
    /// The model of each task before.
    private var before: [Int64: TaskItem] = [:]

    mutating func apply(_ rules: [RouteRule], _ pools: [PoolSettings]) {
        let program = rules.lazy.compactMap(\.program).first
        canAsk = program.map { program in pools.contains { $0.name == program.pool && $0.warm == nil } } ?? false
        longest = max(longest, program?.timeout ?? 0)
    }

    mutating func submitted(_ task: Int64, _ spec: TaskSpec) {
        if spec.labels?[RouteBehaviour.label] != nil { specs[task] = spec }
    }

    mutating func update(_ old: TaskItem, _ task: TaskItem, byPerson: Bool, _ violations: Violations) {
        if byPerson { changed.insert(task.id) }
        guard let routing = old.definition.routing, task.definition.routing == nil else { return }
        before[task.id] = old
        func stands(_ field: Routing.Field, _ isSame: Bool) {
            violations.require(
                !routing.given.contains(field) || isSame || byPerson, "task \(task.id) had a \(field) and was routed to another"
            )
        }
        stands(.model, old.definition.model == task.definition.model)
        stands(.pool, routing.pool == task.pool)
        stands(.priority, old.priority == task.priority)
        stands(.timeout, old.timeout == task.timeout)
        stands(.retries, old.retry == task.retry)
        violations.require(old.attempts <= task.attempts, "task \(task.id) lost an attempt when it was routed")
    }

    mutating func ended(_ attempt: Attempt, _ process: GroundTruth.Process?) {
        // Whoever cancelled the task wants none of what its program has answered before it was stopped.
        guard attempt.outcome?.isSuccess ?? false, attempt.stopping != .cancelled, let ask = process?.ask else { return }
        answered.append((attempt.task, ask.answer))
    }

    /// What was answered has been taken, and what was said stands.
    mutating func endCommit(_ tasks: [Int64: TaskItem], _ violations: Violations) {
        for (id, answer) in answered {
            guard let task = tasks[id] else { continue }
            violations.require(task.definition.routing == nil, "task \(id) was routed and still is")
            let isGiven = before[id]?.definition.routing?.given.contains(.model) ?? true
            guard canAsk, !isGiven else { continue }
            let expected = answer == .good || answer == .noisy ? RouteBehaviour.model : before[id]?.definition.model
            violations.require(
                task.definition.model == expected,
                "task \(id) got the answer \(answer), and has the model \(task.definition.model ?? "none")")
        }
        for (id, task) in before {
            guard let spec = specs[id], !changed.contains(id) else { continue }
            violations.require(
                spec.model == nil
                    || task.definition.routing?.given.contains(.model) ?? true && tasks[id]?.definition.model == spec.model,
                "task \(id) was to have the model \(spec.model ?? ""), and has \(tasks[id]?.definition.model ?? "none")")
            violations.require(
                spec.pool == nil || tasks[id]?.pool == spec.pool, "task \(id) was to go to \(spec.pool ?? ""), and is elsewhere"
            )
            violations.require(
                spec.priority == nil || tasks[id]?.priority == spec.priority,
                "task \(id) has another priority than it was to have")
        }
        answered = []
        before = [:]
    }
}
