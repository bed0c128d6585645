import Foundation
import JSON
import OrchProtocol
import Text

/// The revisions of the Model Context Protocol that are spoken. Up to 2025-11-25 a connection begins with `initialize`; since 2026-07-28
/// each request says for itself what it speaks, in `_meta`.
enum MCPRevision {
    static let modern = "2026-07-28"
    /// The newest first.
    static let legacy = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
    static let tasks = "io.modelcontextprotocol/tasks"

    static func meta(_ name: String) -> String { "io.modelcontextprotocol/" + name }
}

/// A refusal of the protocol. What goes wrong with a tool is a result instead, so that a model can read it and do better.
struct MCPError: Error {
    var code: Int64
    var message: String
    var data: JSONValue?

    static func badLine(_ problem: String) -> MCPError { MCPError(code: -32700, message: problem) }
    static func badRequest(_ problem: String) -> MCPError { MCPError(code: -32600, message: problem) }
    static func noMethod(_ name: String) -> MCPError {
        MCPError(code: -32601, message: "there is no method \"\(name.shortened(to: 80))\"")
    }
    static func badParameters(_ problem: String) -> MCPError { MCPError(code: -32602, message: problem) }
    static func missingCapability(_ capability: JSONValue) -> MCPError {
        MCPError(
            code: -32021, message: "the request must declare a capability of its client",
            data: ["requiredCapabilities": capability])
    }

    var json: JSONValue { ["code": .integer(code), "message": .string(message), "data": data] }
}

/// A request or a notification of the client.
struct MCPMessage {
    /// Nil for a notification.
    let id: RequestID?
    let method: String
    let parameters: JSONValue
    /// Whether it is of a revision without `initialize`.
    let isModern: Bool

    /// - Throws: ``MCPError``, together with the id to answer to, where there is one.
    init(_ line: [UInt8]) throws(Unreadable) {
        let value: JSONValue
        do throws(JSONScanner.Malformed) { value = try JSONValue(line) } catch {
            throw Unreadable(id: nil, error: .badLine("the line is not JSON: \(error.message) at byte \(error.position)"))
        }
        guard String(validating: line, as: UTF8.self) != nil else {
            throw Unreadable(id: nil, error: .badLine("the line is not UTF-8"))
        }
        let id = RequestID(json: value["id"])
        guard id != nil || value["id"] == nil else {
            throw Unreadable(id: nil, error: .badRequest("\"id\" must be a whole number or a string"))
        }
        guard value["jsonrpc"] == "2.0", let method = value["method"]?.text else {
            // An answer, perhaps, to a question that was never asked.
            let isAnswer = value["result"] != nil || value["error"] != nil
            let problem = "a request is an object with \"jsonrpc\": \"2.0\" and a \"method\""
            throw Unreadable(id: id, error: isAnswer ? nil : .badRequest(problem))
        }
        self.id = id
        self.method = method
        parameters = value["params"] ?? [:]
        guard parameters.members != nil else {
            throw Unreadable(id: id, error: .badParameters("\"params\" must be an object"))
        }
        isModern = parameters["_meta"]?[MCPRevision.meta("protocolVersion")] != nil
    }

    struct Unreadable: Error {
        var id: RequestID?
        /// Nil for what is passed over.
        var error: MCPError?
    }

    var meta: JSONValue? { parameters["_meta"] }

    /// Whether the client takes the handle of a task instead of a result.
    var takesTasks: Bool {
        meta?[MCPRevision.meta("clientCapabilities")]?["extensions"]?[MCPRevision.tasks]?.members != nil
    }

    /// - Throws: ``MCPError`` where the request does not say what the newest revision wants it to say.
    func check() throws(MCPError) {
        guard isModern, let version = meta?[MCPRevision.meta("protocolVersion")] else { return }
        guard version == .string(MCPRevision.modern) else {
            throw MCPError(
                code: -32022, message: "Unsupported protocol version",
                data: ["supported": [.string(MCPRevision.modern)], "requested": version])
        }
        guard meta?[MCPRevision.meta("clientCapabilities")]?.members != nil else {
            throw .badParameters("\"_meta\" must have \"\(MCPRevision.meta("clientCapabilities"))\"")
        }
    }

    /// A result as its revision has it.
    ///
    /// - Parameter isList: whether the client may keep it for a while.
    func complete(_ result: JSONValue, isList: Bool = false) -> JSONValue {
        guard isModern else { return result }
        var result = result
        if result["resultType"] == nil { result["resultType"] = "complete" }
        result["_meta"] = [MCPRevision.meta("serverInfo"): MCPServer.info]
        if isList {
            result["ttlMs"] = 3_600_000
            result["cacheScope"] = "private"
        }
        return result
    }
}
