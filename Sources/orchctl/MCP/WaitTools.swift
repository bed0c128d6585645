import JSON
import OrchClient
import OrchProtocol
import Text

/// Waiting, and the tools that change tasks.
enum WaitTools {
    /// Below the 60 seconds after which the most impatient clients give up.
    static let usualWait = 50.0
    /// Between two words on how far it is.
    private static let between = 5.0

    static let wait = Tool(
        name: "wait_tasks", title: "Wait for tasks",
        description: """
            Use this to wait until tasks have ended, instead of asking again and again. At the timeout it answers with how \
            things stand; call it again to continue. Example: {"ids": [7, 8], "any": true, "timeout": 120}
            """,
        hints: .reads,
        parameters: [
            ids("The tasks"), .flag("any", "Answer when one of them has ended; by default all must have"),
            .seconds("timeout", 0...300, "How long to wait, in seconds; 50 by default"),
        ]
    ) { call in
        let ids = ids(of: call)
        let ended = try wait(ids, any: call.flag("any"), seconds: call.number("timeout") ?? usualWait, call)
        let told = Set(ended.compactMap { $0["id"]?.whole })
        return [
            "ended": .array(ended.map { ReadTools.brief($0) }),
            "open": .array(ids.filter { !told.contains($0) }.map(JSONValue.integer)),
        ]
    }

    static let cancel = Tool(
        name: "cancel_tasks", title: "Cancel tasks",
        description: "Use this to end tasks, running ones with all their processes. A task that has ended stays as it is.",
        hints: .init(destructive: true, idempotent: true, openWorld: false), parameters: [ids("The tasks")]
    ) { call in
        ["tasks": try call.ask(Method.cancel, ["ids": call["ids"], "key": .string(GeneratedKey.make("mcp-"))])["tasks"]]
    }

    static let retry = Tool(
        name: "retry_tasks", title: "Retry tasks",
        description: "Use this to run tasks again that have failed, were cancelled or expired. They keep their ids.",
        hints: .runs, parameters: [ids("The tasks")]
    ) { call in
        ["tasks": try call.ask(Method.retry, ["ids": call["ids"], "key": .string(GeneratedKey.make("mcp-"))])["tasks"]]
    }

    private static func ids(_ description: String) -> ToolParameter {
        .list("ids", of: ["type": "integer"], 1...1_000, description, required: true)
    }

    private static func ids(of call: ToolCall) -> [Int64] { call["ids"]?.elements?.compactMap(\.whole) ?? [] }

    /// Waits, and says how far it is meanwhile; the records of those that have ended.
    static func wait(_ ids: [Int64], any: Bool, seconds: Double, _ call: ToolCall) throws -> [JSONValue] {
        let began = ContinuousClock.now
        while true {
            let elapsed = (ContinuousClock.now - began).seconds
            let part = max(0, min(seconds - elapsed, between))
            let answer = try call.ask(
                Method.wait,
                ["ids": .array(ids.map(JSONValue.integer)), "any": any ? true : nil, "timeout": JSONValue(part), "brief": true])
            let ended = answer["tasks"]?.elements ?? []
            guard answer["timed_out"] == true, elapsed + part < seconds else { return ended }
            let succeeded = ended.filter { $0["state"] == "succeeded" }.count
            let open = ids.count - ended.count
            try call.progress?(
                elapsed + part, seconds,
                "\(succeeded) of \(ids.count) succeeded, \(ended.count - succeeded) failed, \(open) open")
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
