import Foundation
import JSON
import OrchClient
import OrchProtocol
import Presentation
import Text

/// Why a tool did not do what it was asked to: a sentence for the model, which names the argument and says what to do.
struct ToolFault: Error {
    var message: String

    init(_ message: String) { self.message = message }
    init(_ argument: String, _ complaint: String) { message = "\(argument): \(complaint)" }
}

/// The caller gave the request up.
struct ToolCancelled: Error {}

/// One call of a tool, on a thread and a connection of its own.
final class ToolCall {
    let arguments: [ExactText: JSONValue]
    let options: MCPOptions
    /// Tells the client how far it is; nil where it does not want to know.
    let progress: ((_ elapsed: Double, _ total: Double, _ message: String) throws -> Void)?
    let session: Session
    /// Whether the client takes the handle of a task instead of a result.
    let takesTasks: Bool

    init(
        _ arguments: [ExactText: JSONValue], _ options: MCPOptions, takesTasks: Bool, cancelled: Watch?,
        progress: ((Double, Double, String) throws -> Void)?
    ) throws {
        self.arguments = arguments
        self.options = options
        self.takesTasks = takesTasks
        self.progress = progress
        session = Session(path: try SocketPath.choose(options.socket))
        session.watches = [cancelled].compactMap(\.self)
    }

    // MARK: Arguments

    subscript(name: String) -> JSONValue? { arguments[ExactText(name)] }

    func text(_ name: String) -> String? { self[name]?.text }
    func flag(_ name: String) -> Bool { self[name]?.truth ?? false }
    func whole(_ name: String) -> Int64? { self[name]?.whole }
    func number(_ name: String) -> Double? { self[name]?.number }

    /// - Throws: ``ToolFault`` where they are not what the tool takes.
    func check(against parameters: [ToolParameter]) throws(ToolFault) {
        try Self.check(arguments, against: parameters, path: "")
    }

    static func check(_ given: [ExactText: JSONValue], against parameters: [ToolParameter], path: String) throws(ToolFault) {
        for name in given.keys.sorted() where !parameters.contains(where: { ExactText($0.name) == name }) {
            let hint = nearest(name.text, in: parameters.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
            let known = parameters.map(\.name).joined(separator: ", ")
            throw ToolFault(
                path + name.text.shortened(to: 80), "there is no such argument\(hint.isEmpty ? "; there are \(known)" : hint)")
        }
        for parameter in parameters {
            guard let value = given[ExactText(parameter.name)] else {
                if parameter.isRequired { throw ToolFault(path + parameter.name, "is missing") }
                continue
            }
            if let complaint = complaint(value, parameter.schema) { throw ToolFault(path + parameter.name, complaint) }
        }
    }

    /// What is wrong with a value, by the schema that the client was shown: the few words of it that tools use.
    private static func complaint(_ value: JSONValue, _ schema: JSONValue) -> String? {
        let (lowest, highest) = (schema["minimum"]?.number ?? -.infinity, schema["maximum"]?.number ?? .infinity)
        let range =
            highest == .infinity
            ? "of at least \(JSONValue(lowest).plain)" : "from \(JSONValue(lowest).plain) to \(JSONValue(highest).plain)"
        switch schema["type"]?.text {
        case "string":
            guard let text = value.text else { return "must be a string" }
            guard let words = schema["enum"]?.elements?.compactMap(\.text), !words.contains(text) else { return nil }
            return "must be one of \(words.joined(separator: ", ")), not \"\(text.shortened(to: 80))\""
        case "boolean": return value.truth == nil ? "must be true or false" : nil
        case "integer":
            let isGood = value.whole.map { lowest...highest ~= Double($0) } ?? false
            return isGood ? nil : "must be a whole number \(range), not \(value.plain)"
        case "number":
            let isGood = value.number.map { lowest...highest ~= $0 } ?? false
            return isGood ? nil : "must be a number \(range), not \(value.plain)"
        case "array":
            let (fewest, most) = (schema["minItems"]?.whole ?? 0, schema["maxItems"]?.whole ?? .max)
            guard let elements = value.elements, fewest...most ~= Int64(elements.count) else {
                return "must be a list of \(fewest) to \(most)"
            }
            guard let item = schema["items"] else { return nil }
            return elements.lazy.compactMap { complaint($0, item) }.first.map { "each " + $0 }
        case "object": return value.members == nil ? "must be an object" : nil
        default: return nil
        }
    }

    // MARK: The daemon

    /// Asks the daemon; what it refuses is a ``ToolFault``.
    func ask(
        _ method: any MethodDescriptor, _ parameters: JSONValue, isRepeatable: Bool = true,
        onNotification: (OrchProtocol.Notification) throws -> Void = { _ in }
    ) throws -> JSONValue {
        let line = [UInt8](try Wire.line(parameters))
        let answer = try session.perform(repeatable: isRepeatable) {
            try $0.answer(to: $0.send(method, parameters: line), onNotification: onNotification)
        }
        return try JSONValue(answer)
    }

    func record(_ id: Int64, withResult: Bool) throws -> JSONValue {
        try ask(Method.get, ["id": .integer(id), "result": withResult ? true : nil])
    }

    // MARK: Answers

    /// The beginning of a text, made safe, and a sentence on how to have the rest.
    func beginning(of text: String, rest: String, limit: Int? = nil) -> String {
        let limit = limit ?? options.maximumOutput
        let safe = SafeText.block(text)
        let kept = safe.prefix(bytes: limit)
        return kept.utf8.count == safe.utf8.count ? safe : kept + "\n[\(safe.utf8.count - kept.utf8.count) bytes more; \(rest)]"
    }
}

extension String {
    /// As many whole characters of Unicode as have room in this many bytes.
    func prefix(bytes limit: Int) -> String {
        var end = utf8.index(startIndex, offsetBy: limit, limitedBy: endIndex) ?? endIndex
        while end > startIndex, end < endIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}

extension JSONValue {
    /// As JSON on one line, for a message.
    var plain: String {
        switch self {
        case .string(let text): "\"\(text.shortened(to: 80))\""
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        default: ((try? Wire.line(self)).map { String(decoding: $0, as: UTF8.self) } ?? "that").shortened(to: 80)
        }
    }
}
