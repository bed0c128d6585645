import JSON
import OrchProtocol
import Text

/// The extension `io.modelcontextprotocol/tasks` of 2026-07-28: a client that declares it gets the handle of a task at once, and asks for
/// its result when it likes.
enum TaskHandles {
    /// The label with the part of a handle that cannot be guessed.
    static let label = "mcp"
    private static let poll: Int64 = 5_000

    static func id(_ record: JSONValue) -> String {
        "\(record["id"]?.whole ?? 0)-\(record["labels"]?[label]?.text ?? "")"
    }

    /// The number of the task that a handle names; whether the rest of it is right only the task can say.
    static func task(of handle: String) -> Int64? { handle.split(separator: "-").first.flatMap { Int64($0) } }

    /// What `tools/call` answers instead of a result.
    static func handle(_ record: JSONValue) -> JSONValue {
        var handle = status(record)
        handle["resultType"] = "task"
        return handle
    }

    private static func status(_ record: JSONValue) -> JSONValue {
        let state = record["state"]?.text ?? ""
        let waits = record["waiting"]?.text.map { "\(state), \($0)" } ?? state
        let reason = record["reason"]?.text.map { ": \(SafeText.line($0).prefix(bytes: 500))" } ?? ""
        return [
            "taskId": .string(id(record)), "status": .string(word(for: state)), "statusMessage": .string(waits + reason),
            "createdAt": record["submitted_at"],
            "lastUpdatedAt": record["finished_at"] ?? record["started_at"] ?? record["submitted_at"], "ttlMs": .null,
            "pollIntervalMs": .integer(poll),
        ]
    }

    /// A job that has failed has completed, with a result that says so: `failed` is for requests that could not be carried out.
    private static func word(for state: String) -> String {
        switch state {
        case "queued", "running": "working"
        case "cancelled": "cancelled"
        default: "completed"
        }
    }

    /// The task of a handle.
    ///
    /// - Throws: ``MCPError`` where there is none.
    static func record(of parameters: JSONValue, _ call: ToolCall) throws -> JSONValue {
        let given = parameters["taskId"]?.text ?? ""
        let unknown = MCPError.badParameters("there is no task \"\(given.shortened(to: 80))\"")
        guard let number = task(of: given) else { throw unknown }
        do {
            let record = try call.record(number, withResult: false)
            guard id(record) == given else { throw unknown }
            return record
        } catch let error as WireError where error.kind == .notFound {
            throw unknown
        }
    }

    /// A task that a task has started, when it has ended, or after a while: one that only asks again and again waits for nothing, and
    /// would keep its slot.
    static func whenEnded(_ record: JSONValue, _ call: ToolCall) throws -> JSONValue {
        guard record["parent"] != nil, word(for: record["state"]?.text ?? "") == "working", let id = record["id"]?.whole else {
            return record
        }
        _ = try call.ask(Method.wait, ["ids": [.integer(id)], "timeout": JSONValue(Double(poll) / 1000), "brief": true])
        return try call.record(id, withResult: false)
    }

    /// The answer to `tasks/get`.
    static func answer(_ record: JSONValue, _ call: ToolCall) throws -> JSONValue {
        var answer = status(record)
        if answer["status"] == "completed" {
            let result = try ReadTools.full(record["id"]?.whole ?? 0, call)
            answer["result"] = MCPServer.result(result, isError: record["state"] != "succeeded")
        }
        return answer
    }
}
