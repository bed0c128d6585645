import OrchProtocol
import Text

/// What a pool takes.
extension TaskRouter {
    /// Whether a task can be in a pool: asked when it is submitted, and when somebody moves it.
    ///
    /// - Parameters:
    ///   - field: of the request that is at fault; nil for that of the task itself.
    ///   - path: where the task is in a batch.
    func check(
        _ definition: TaskDefinition, in pool: PoolSettings, field: String? = nil, path: String? = nil
    ) throws(WireError) {
        func at(_ own: String) -> String { field ?? SpecRules.field(own, path) }
        switch definition.work {
        case .command(let command):
            try Self.check(command, in: pool, at("command"))
            try Self.check(pool.keepsOutput || definition.options.idleTimeout == nil, outputIn: pool, at("idle_timeout"))
            try Self.check(pool.keepsOutput || definition.resultSchema == nil, outputIn: pool, at("result_schema"))
        case .prompt(let prompt):
            guard pool.takesPrompts else {
                throw WireError(
                    .invalidParameter,
                    "the pool \"\(pool.name)\" has no agent for prompts"
                        + (field == nil ? "; give a command, or name a pool that has one" : ""),
                    field: at("prompt"))
            }
            try check(prompt, definition.options.model, definition.options.thinking, in: pool.name, at)
        }
        try Self.check(definition.files, in: pool, at("files"))
        try Self.checkSurroundings(of: definition, in: pool, at)
        try checkSize(of: definition, in: pool.name, field: field, path: path)
        if definition.options.scope != nil, pool.spawn == nil, definition.routing == nil {
            throw WireError(
                .invalidParameter,
                "tasks in the pool \"\(pool.name)\" can start no others, so a scope has no effect; its [spawn] would allow it",
                field: at("scope"))
        }
        // A rule that sends it elsewhere later knows nothing of what it may use there, where it gets what it can.
        if let resources = definition.options.resources, definition.routing == nil {
            try Self.check(resources, in: pool, at)
        }
    }

    /// What a rule or a pool's own settings choose is an administrator's word; what somebody asks for has a bound.
    func check(priority: Int?, in pool: PoolSettings, by requester: Requester, field: String) throws(WireError) {
        guard let priority, let most = pool.maximumPriority, priority > most, !requester.isAdministrator else { return }
        throw WireError(
            field: field,
            "must be at most \(most) in the pool \"\(pool.name)\" (its max_priority), except for administrators, not \(priority)"
        )
    }

    func check(
        _ prompt: String, _ model: String?, _ thinking: ThinkingLevel?, in pool: String, _ at: (String) -> String
    ) throws(WireError) {
        try checkModel(model, in: pool, field: at("model"))
        try checkThinking(thinking, in: pool, field: at("thinking"))
        try checkLength(prompt, in: pool, field: at("prompt"))
    }

    static func check(_ files: KeptFiles?, in pool: PoolSettings, _ field: @autoclosure () -> String) throws(WireError) {
        guard files != nil, pool.warm != nil else { return }
        throw WireError(
            .invalidParameter,
            "the workers of pool \"\(pool.name)\" start before the task is known, so a task brings them no files",
            field: field())
    }

    /// A promise about programs is worth nothing where the task says which code they load, or in which directory they read their settings.
    private static func checkSurroundings(
        of definition: TaskDefinition, in pool: PoolSettings, _ at: (String) -> String
    ) throws(WireError) {
        guard pool.programs != nil else { return }
        let names = definition.environment.keys.sorted()
        if let name = names.first(where: { name in !pool.openVariables.contains { $0.has(name) } }) {
            let open = pool.openVariables.map(\.text).joined(separator: ", ")
            throw WireError(
                .invalidParameter,
                "the pool \"\(pool.name)\" runs only certain programs, and so takes \(open.isEmpty ? "no variables" : "no variables but \(open)"); "
                    + "env_allow of the pool would have to list \(name.lossy.shortened(to: 64))",
                field: at("env"))
        }
        if let directory = definition.directory, !pool.directories.contains(where: { directory.isBelow(ByteString($0)) }) {
            let open = pool.directories.joined(separator: ", ")
            throw WireError(
                .invalidParameter,
                "the pool \"\(pool.name)\" runs only certain programs, and these start in \(open.isEmpty ? "an empty directory" : open)"
                    + "; leave out the directory, or directories of the pool would have to list it",
                field: at("cwd"))
        }
    }

    /// What needs a look at the output is refused where it goes where nobody looks.
    private static func check(
        _ isFit: Bool, outputIn pool: PoolSettings, _ field: @autoclosure () -> String
    ) throws(WireError) {
        guard !isFit else { return }
        throw WireError(
            .invalidParameter,
            "the output of tasks in the pool \"\(pool.name)\" goes only to the journal, and orchd does not read it there",
            field: field())
    }

    /// What the supervisor would refuse to start is refused at once. Where it is looked up is only known there, so that a name without a
    /// `/` may be any of the programs with that name.
    private static func check(
        _ command: [ByteString], in pool: PoolSettings, _ field: @autoclosure () -> String
    ) throws(WireError) {
        guard let programs = pool.programs, let program = command.first else { return }
        let isListed = programs.contains {
            let listed = ByteString($0)
            return listed == program
                || !program.contains("/") && listed.bytes.reversed().starts(with: ("/" + program).bytes.reversed())
        }
        guard !isListed else { return }
        throw WireError(
            .invalidParameter, "the pool \"\(pool.name)\" runs only \(programs.joined(separator: ", "))", field: field())
    }

    private static func check(
        _ resources: ResourceLimits, in pool: PoolSettings, _ at: (String) -> String
    ) throws(WireError) {
        guard pool.warm == nil || resources.isEmpty else {
            throw WireError(
                .invalidParameter,
                "the workers of pool \"\(pool.name)\" start before the task is known, so only the pool can limit them",
                field: at("resources"))
        }
        for (resource, amount) in resources.all {
            guard let maximum = pool.maximum[resource], amount > maximum else { continue }
            throw WireError(
                .invalidParameter,
                "the pool \"\(pool.name)\" allows \(resource.rawValue) up to \(text(maximum)), not \(text(amount))",
                field: at("resources.\(resource.rawValue)"))
        }
    }

    private static func text(_ amount: Double) -> String {
        Int64(exactly: amount).map { String($0) } ?? String(amount)
    }
}
