import Foundation
import JSON
import OrchProtocol
import Presentation
import Text

/// Tools that only look.
enum ReadTools {
    static let get = Tool(
        name: "get_task", title: "Look at a task",
        description: "Use this to see how a task stands: its state, why it waits or how it ended, its attempts and its result.",
        hints: .reads,
        parameters: [
            .whole("id", 1...Int64.max, "The task", required: true),
            .choice("detail", ["brief", "full"], "full, the default, has the result and the attempts"),
        ]
    ) { call in
        let id = call.whole("id") ?? 0
        return call.text("detail") == "brief" ? brief(try call.record(id, withResult: false)) : try full(id, call)
    }

    static let list = Tool(
        name: "list_tasks", title: "List tasks",
        description: """
            Use this to find tasks by state, pool, name, label or text, the newest first. Example: {"states": ["failed"], \
            "text": "deploy", "limit": 10}
            """,
        hints: .reads,
        parameters: [
            .list(
                "states", of: ["type": "string", "enum": .array(StateFilter.allCases.map { .string($0.rawValue) })], 1...20,
                "Only tasks in one of these states"),
            .text("pool", "Only this pool"), .text("name", "Only this exact name"), .words("labels", "Only with these labels"),
            .text("text", "Only tasks whose name, comment, prompt or command contains this"),
            .whole("limit", 1...200, "How many at most; 20 by default"),
            .whole("cursor", 0...Int64.max, "The next_cursor of the page before"),
        ]
    ) { call in
        var query = JSONValue.object(call.arguments)
        query["limit"] = call["limit"] ?? 20
        let page = try call.ask(Method.list, query)
        let tasks = (page["tasks"]?.elements ?? []).map(brief)
        let what = query.members?.keys.filter { $0 != "limit" }.map(\.text).sorted().joined(separator: ", ") ?? ""
        return [
            "count": .integer(Int64(tasks.count)), "tasks": .array(tasks), "next_cursor": page["next_cursor"],
            "note": tasks.isEmpty ? .string(what.isEmpty ? "the queue is empty" : "no task matches \(what)") : nil,
        ]
    }

    static let status = Tool(
        name: "queue_status", title: "See the queue",
        description: """
            Use this to learn which pools there are, what each runs, how many tasks wait and run, which limits hold, and what \
            is wrong with the daemon.
            """,
        hints: .reads, parameters: []
    ) { call in
        let status: JSONValue
        do {
            status = try call.ask(Method.status, [:])
        } catch let error as WireError where error.kind == .forbidden {
            // A task sees the pools that it may use, and nothing else of the daemon.
            status = try call.ask(Method.poolList, [:])
        }
        let agents = try call.ask(Method.agentList, [:])
        let pools = (status["pools"]?.elements ?? []).filter { pool in
            call.options.pools.isEmpty || call.options.pools.contains(pool["name"]?.text ?? "")
        }
        var answer = status
        answer["pools"] = .array(pools)
        answer["agents"] = agents["agents"].map { agents in
            .array((agents.elements ?? []).map { ["name": $0["name"], "title": $0["title"], "models": $0["models"]] })
        }
        return answer
    }

    /// A task in some members.
    static func brief(_ record: JSONValue) -> JSONValue {
        var brief: JSONValue = [:]
        for name in [
            "id", "name", "state", "waiting", "stopping", "reason", "pool", "model", "submitted_at", "started_at",
            "finished_at",
        ] {
            brief[name] = record[name]
        }
        if let reason = record["reason"]?.text { brief["reason"] = .string(SafeText.line(reason).prefix(bytes: 500)) }
        if let prompt = record["prompt"]?.text { brief["what"] = .string(SafeText.line(prompt).prefix(bytes: 200)) }
        if let command = record["command"]?.elements {
            let line = command.compactMap(\.text).joined(separator: " ")
            brief["what"] = .string(SafeText.line(line).prefix(bytes: 200))
        }
        return brief
    }

    /// A task with its result, its attempts, and the end of its standard error where it has not succeeded.
    static func full(_ id: Int64, _ call: ToolCall) throws -> JSONValue {
        let record = try call.record(id, withResult: true)
        var full = brief(record)
        if var labels = record["labels"] {
            labels[TaskHandles.label] = nil
            if labels != [:] { full["labels"] = labels }
        }
        for name in ["priority", "route", "comment", "attempt_count"] { full[name] = record[name] }
        let attempts = (record["attempts"]?.elements ?? []).suffix(5)
        full["attempts"] = .array(
            attempts.map { attempt in
                var told: JSONValue = [:]
                for name in ["number", "state", "worker", "outcome", "reason", "started_at", "ended_at", "measures"] {
                    told[name] = attempt[name]
                }
                let files = (attempt["files"]?.elements ?? []).compactMap { $0["name"] }
                if !files.isEmpty { told["files"] = .array(files) }
                return told
            })
        if let text = record["result"]?["text"]?.text {
            full["result"] = .string(call.beginning(of: text, rest: "read_logs or read_file has it"))
        }
        let state = TaskState(rawValue: record["state"]?.text ?? "")
        if state.isFinal, state != .succeeded, record["attempt_count"] != 0 {
            let tail = try LogTools.tail(of: id, .stderr, lines: 20, limit: 2_000, call)
            if !tail.isEmpty { full["stderr_tail"] = .string(tail) }
        }
        if !state.isFinal {
            full["next"] = .string("it has not ended; wait_tasks with ids [\(id)] waits for it")
        }
        return full
    }
}
