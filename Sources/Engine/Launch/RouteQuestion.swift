import DaemonConfiguration
import OrchProtocol
import Scheduling

/// What the program of a rule reads on its standard input: `docs/routing.md` describes it.
struct RouteQuestion: Codable, Equatable {
    /// What holds where the program leaves it open.
    struct Choice: Codable, Equatable {
        var pool: String
        var model: String?
        var thinking: String?
        var priority: Int
    }

    var task: Int64
    var rule: String
    var prompt: String
    var name: String?
    var labels: [String: String]
    var submitter: UInt32
    /// For whom, where that is a bridge.
    var subject: String?
    var needs: [String]
    /// What the submitter has said of `default`, and no program can change.
    var given: [String]
    var `default`: Choice
    /// Those that take prompts.
    var pools: [String]
    var aliases: [String: String]

    init?(_ task: TaskItem, _ configuration: Configuration) {
        guard let routing = task.definition.routing, case .prompt(let prompt) = task.definition.work else { return nil }
        let definition = task.definition
        self.task = task.id
        rule = routing.rule
        self.prompt = prompt
        name = task.name
        labels = definition.labels
        submitter = definition.submitter
        subject = definition.subject
        needs = definition.needs
        given = ["model", "thinking", "pool", "priority"].filter { routing.given.map(\.rawValue).contains($0) }
        `default` = Choice(
            pool: routing.pool, model: definition.model, thinking: definition.thinking?.rawValue, priority: task.priority)
        pools = configuration.pools.map(\.settings).filter(\.takesPrompts).map(\.name)
        aliases = configuration.aliases
    }
}
