import JSON
import OrchProtocol
import Text

/// Tasks and what they have written, as resources: `orchd://task/7`, and below it `stdout`, `stderr` and `result`.
enum Resources {
    private static let scheme = "orchd://task/"
    private static let parts = [
        "stdout": "What it has written to its standard output", "stderr": "What it has written to its standard error",
        "result": "Its result",
    ]

    static let templates: JSONValue = [
        "resourceTemplates": .array(
            [template("", "task", "A task", "application/json")]
                + parts.sorted { $0.key < $1.key }.map { template("/" + $0.key, $0.key, $0.value, "text/plain") })
    ]

    private static func template(_ path: String, _ name: String, _ description: String, _ type: String) -> JSONValue {
        [
            "uriTemplate": .string(scheme + "{id}" + path), "name": .string(name), "description": .string(description),
            "mimeType": .string(type),
        ]
    }

    /// The task of an address; nil for any other address.
    static func task(of uri: String) -> (id: Int64, part: String?)? {
        guard uri.has(prefix: scheme) else { return nil }
        let pieces = uri.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard let id = pieces.first.flatMap({ Int64($0) }), id > 0, pieces.count <= 2 else { return nil }
        guard pieces.count == 2 else { return (id, nil) }
        let part = String(pieces[1])
        return parts[part] == nil ? nil : (id, part)
    }

    /// The newest tasks.
    static func list(_ call: ToolCall) throws -> JSONValue {
        let page = try call.ask(Method.list, ["limit": 50])
        return [
            "resources": .array(
                (page["tasks"]?.elements ?? []).map { task in
                    let id = task["id"]?.whole ?? 0
                    let name = task["name"]?.text ?? "task \(id)"
                    return [
                        "uri": .string("\(scheme)\(id)"), "name": .string(name), "mimeType": "application/json",
                        "description": .string("\(task["state"]?.text ?? ""): \(ReadTools.brief(task)["what"]?.text ?? "")"),
                    ]
                })
        ]
    }

    static func read(_ uri: String, _ call: ToolCall) throws -> JSONValue {
        guard let (id, part) = task(of: uri) else {
            throw MCPError.badParameters(
                "there is no resource \"\(uri.shortened(to: 200))\"; templates are \(scheme){id} and below")
        }
        let text: String
        do {
            switch part {
            case nil: text = String(decoding: try Wire.line(ReadTools.full(id, call)), as: UTF8.self)
            case "result"?: text = try ReadTools.full(id, call)["result"]?.text ?? ""
            case let stream?:
                text = try LogTools.tail(
                    of: id, stream == "stderr" ? .stderr : .stdout, lines: 10_000, limit: call.options.maximumOutput, call)
            }
        } catch let error as WireError where error.kind == .notFound {
            throw MCPError.badParameters("there is no task \(id)")
        }
        let type = part == nil ? "application/json" : "text/plain"
        return ["contents": [["uri": .string(uri), "mimeType": .string(type), "text": .string(text)]]]
    }
}
