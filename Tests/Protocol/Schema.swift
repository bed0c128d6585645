import Foundation

/// `docs/protocol.schema.json`, and as much of JSON Schema 2020-12 as it uses.
struct Schema: Sendable {
    let root: JSON

    static let shared: Schema = {
        do {
            return Schema(root: try JSON.parse(try Data(contentsOf: docs.appending(path: "protocol.schema.json"))))
        } catch {
            fatalError("docs/protocol.schema.json: \(error)")
        }
    }()

    static let docs = URL(filePath: #filePath).appending(path: "../../../docs").standardized

    var definitions: [String: JSON] { root["$defs"]?.object ?? [:] }
    var methods: [String: JSON] { root["methods"]?.object ?? [:] }

    /// The schema itself, or the one that it refers to.
    func resolve(_ schema: JSON) -> JSON {
        guard let name = Self.reference(schema) else { return schema }
        return definitions[name] ?? .bool(false)
    }

    /// The name of the definition that a schema refers to.
    static func reference(_ schema: JSON) -> String? {
        let prefix = "#/$defs/"
        guard let path = schema["$ref"]?.string, path.hasPrefix(prefix) else { return nil }
        return String(path.dropFirst(prefix.count))
    }

    /// What is wrong with a value, in words; empty where nothing is.
    ///
    /// - Parameter closed: to allow no members but those that are named, also where the schema leaves room for later versions.
    func complaints(_ value: JSON, against schema: JSON, closed: Bool = false, at path: String = "") -> [String] {
        if case .bool(let allowed) = schema { return allowed ? [] : ["\(path): not allowed"] }
        guard let keywords = schema.object else { return ["\(path): the schema is neither an object nor a boolean"] }
        func check(_ value: JSON, _ schema: JSON, _ step: String = "") -> [String] {
            complaints(value, against: schema, closed: closed, at: path + step)
        }
        var found: [String] = []
        for (keyword, argument) in keywords.sorted(by: { $0.key < $1.key }) {
            switch keyword {
            case "$ref": found += check(value, resolve(schema))
            case "oneOf":
                // A branch speaks of some members only, unless it refers to a type.
                let branches = argument.array ?? []
                let matches = branches.filter {
                    complaints(value, against: $0, closed: closed && keywords["properties"] == nil, at: path).isEmpty
                }
                if matches.count != 1 { found.append("\(path): matches \(matches.count) of \(branches.count) alternatives") }
            case "type":
                let names = argument.string.map { [$0] } ?? argument.strings
                if !names.contains(where: { Self.isType($0, value) }) { found.append("\(path): is no \(names)") }
            case "const": if value != argument { found.append("\(path): is not \(argument)") }
            case "enum": if !(argument.array ?? []).contains(value) { found.append("\(path): is none of the words") }
            case "required":
                if let members = value.object {
                    found += argument.strings.filter { members[$0] == nil }.map { "\(path).\($0): is missing" }
                }
            case "properties":
                for (name, member) in argument.object ?? [:] {
                    if let part = value[name] { found += check(part, member, ".\(name)") }
                }
                if closed || keywords["additionalProperties"] == .bool(false) {
                    let extra = (value.object ?? [:]).keys.filter { argument[$0] == nil }
                    found += extra.sorted().map { "\(path).\($0): is not in the schema" }
                }
            case "additionalProperties":
                if keywords["properties"] == nil {
                    for (name, part) in value.object ?? [:] { found += check(part, argument, ".\(name)") }
                } else if argument != .bool(false) {
                    found.append("\(path): \"additionalProperties\" beside \"properties\" is understood as false only")
                }
            case "items":
                for (index, part) in (value.array ?? []).enumerated() { found += check(part, argument, "[\(index)]") }
            case "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "maxProperties":
                if !Self.isWithin(keyword, argument.number, value) { found.append("\(path): breaks \(keyword)") }
            case "description", "title", "default", "format", "contentEncoding", "$schema", "$id", "$defs": break
            // Our own, beside those of the standard.
            case "methods", "errors": break
            default: found.append("\(path): the keyword \"\(keyword)\" is not understood")
            }
        }
        return found
    }

    private static func isType(_ name: String, _ value: JSON) -> Bool {
        switch (name, value) {
        case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string), ("array", .array),
            ("object", .object):
            true
        case ("integer", .number(let number)): number == number.rounded()
        default: false
        }
    }

    private static func isWithin(_ keyword: String, _ limit: Double?, _ value: JSON) -> Bool {
        guard let limit else { return false }
        let size: Double? =
            switch keyword {
            case "minItems", "maxItems": value.array.map { Double($0.count) }
            case "minLength", "maxLength": value.string.map { Double($0.unicodeScalars.count) }
            case "maxProperties": value.object.map { Double($0.count) }
            default: value.number
            }
        guard let size else { return true }
        return keyword.hasPrefix("min") ? size >= limit : size <= limit
    }
}
