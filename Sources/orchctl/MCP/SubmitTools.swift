import JSON
import OrchClient
import OrchProtocol
import Text

/// Tools that make tasks.
enum SubmitTools {
    private static let what: [ToolParameter] = [
        .text("prompt", "A task for the agent of the pool, in words. Give this or command"),
        .list(
            "command", of: ["type": "string"], 1...10_000,
            "A program and its arguments, without a shell: [\"make\", \"check\"]. Give this or prompt"),
        .text("pool", "The pool that runs it; queue_status shows which there are. By default the first that takes it"),
        .text("model", "The model of the agent, where the pool leaves it open"),
        .choice("thinking", ThinkingLevel.allCases.map(\.rawValue), "How hard the agent is to think"),
        .text("name", "A short name for people and lists"),
        .text("cwd", "An absolute path to run in; by default an empty directory of its own"),
        .words("env", "Variables of its environment"),
        .words("labels", "Labels to find it by"),
        .whole("priority", -1_000_000...1_000_000, "Higher runs earlier; 0 by default"),
        .seconds("timeout", 0.001...315_360_000, "The longest it may run, in seconds"),
        .whole("retries", 0...1_000, "How often it may be tried again"),
        .text("key", "An idempotency key: a second task with the same key is not made, the first is answered"),
    ]

    static let run = Tool(
        name: "run_task", title: "Run a task",
        description: """
            Use this to run one command or one prompt in a fresh process of the queue and get its result. It waits at most \
            `wait` seconds; if the task has not ended then, the answer has its id, and wait_tasks continues. The task \
            continues if this call is cancelled. Example: {"command": ["make", "check"], "cwd": "/src/app"}
            """,
        hints: .runs,
        parameters: what + [.seconds("wait", 0...300, "How long to wait for its end, in seconds; 50 by default")]
    ) { call in
        let spec = try spec(call.arguments.filter { $0.key != "wait" }, call, path: "")
        let made = try call.ask(Method.submit, spec)
        let id = made["id"]?.whole ?? 0
        if call.takesTasks { return try TaskHandles.handle(call.record(id, withResult: false)) }
        _ = try WaitTools.wait([id], any: false, seconds: call.number("wait") ?? WaitTools.usualWait, call)
        return try ReadTools.full(id, call)
    }

    static let many = Tool(
        name: "submit_tasks", title: "Submit tasks",
        description: """
            Use this to put 1 to 500 tasks into the queue at once without waiting: all are taken, or none. The answer has \
            their ids, for wait_tasks and get_task. Example: {"tasks": [{"prompt": "Review a.swift", "pool": "agents"}]}
            """,
        hints: .runs, parameters: [.list("tasks", of: Tool.object(what), 1...500, "The tasks", required: true)]
    ) { call in
        var specs: [JSONValue] = []
        for (index, task) in (call["tasks"]?.elements ?? []).enumerated() {
            let path = "tasks[\(index)]."
            guard let members = task.members else { throw ToolFault("tasks[\(index)]", "must be an object") }
            try ToolCall.check(members, against: what, path: path)
            specs.append(try spec(members, call, path: path))
        }
        do {
            let made = try call.ask(Method.submit, .array(specs))
            return ["ids": .array(made.elements?.compactMap { $0["id"] } ?? [])]
        } catch let error as WireError {
            // Its path begins with the place in the list.
            throw ToolFault("tasks" + (error.data?.field ?? ""), error.message)
        }
    }

    /// A task as the daemon takes it.
    private static func spec(_ given: [ExactText: JSONValue], _ call: ToolCall, path: String) throws -> JSONValue {
        var members = given
        let options = call.options
        guard (members["prompt"] == nil) != (members["command"] == nil) else {
            throw ToolFault(path + "prompt", "give a prompt or a command, and not both")
        }
        if !options.pools.isEmpty {
            if members["pool"] == nil { members["pool"] = .string(options.pools[0]) }
            guard let pool = members["pool"]?.text, options.pools.contains(pool) else {
                throw ToolFault(path + "pool", "may only be \(options.pools.joined(separator: ", ")) here")
            }
        }
        var labels = members["labels"]?.members ?? [:]
        for (name, value) in options.labels { labels[ExactText(name)] = .string(value) }
        // By this a handle is known again; it cannot be guessed.
        labels[ExactText(TaskHandles.label)] = .string(GeneratedKey.make(""))
        members["labels"] = .object(labels)
        // With a key it may be asked for again when the answer is lost.
        if members["key"] == nil { members["key"] = .string(GeneratedKey.make("mcp-")) }
        return .object(members)
    }
}
