import JSON
import Text

/// One argument of a tool.
struct ToolParameter: Sendable {
    let name: String
    /// Its JSON Schema, with a description.
    let schema: JSONValue
    var isRequired = false

    static func text(_ name: String, _ description: String, required: Bool = false) -> ToolParameter {
        ToolParameter(
            name: name, schema: ["type": "string", "description": .string(description)], isRequired: required)
    }

    static func flag(_ name: String, _ description: String) -> ToolParameter {
        ToolParameter(name: name, schema: ["type": "boolean", "description": .string(description)])
    }

    static func whole(_ name: String, _ range: ClosedRange<Int64>, _ description: String, required: Bool = false)
        -> ToolParameter
    {
        ToolParameter(
            name: name,
            schema: [
                "type": "integer", "minimum": .integer(range.lowerBound),
                "maximum": range.upperBound == .max ? nil : .integer(range.upperBound), "description": .string(description),
            ], isRequired: required)
    }

    static func seconds(_ name: String, _ range: ClosedRange<Double>, _ description: String) -> ToolParameter {
        ToolParameter(
            name: name,
            schema: [
                "type": "number", "minimum": JSONValue(range.lowerBound), "maximum": JSONValue(range.upperBound),
                "description": .string(description),
            ])
    }

    static func choice(_ name: String, _ words: [String], _ description: String) -> ToolParameter {
        ToolParameter(
            name: name,
            schema: ["type": "string", "enum": .array(words.map(JSONValue.string)), "description": .string(description)])
    }

    static func list(
        _ name: String, of item: JSONValue, _ sizes: ClosedRange<Int64>, _ description: String, required: Bool = false
    )
        -> ToolParameter
    {
        ToolParameter(
            name: name,
            schema: [
                "type": "array", "items": item, "minItems": .integer(sizes.lowerBound), "maxItems": .integer(sizes.upperBound),
                "description": .string(description),
            ], isRequired: required)
    }

    static func words(_ name: String, _ description: String) -> ToolParameter {
        ToolParameter(
            name: name,
            schema: [
                "type": "object", "additionalProperties": ["type": "string"], "description": .string(description),
            ])
    }
}

/// Something that a model can do: how it is told of it, and what it does.
struct Tool: Sendable {
    /// What a client may rely on when it decides whether to ask a person first.
    struct Hints: Sendable {
        var readOnly = false
        var destructive = false
        var idempotent = false
        var openWorld = true

        static let reads = Hints(readOnly: true, idempotent: true, openWorld: false)
        /// A command can destroy anything.
        static let runs = Hints(destructive: true)
    }

    let name: String
    let title: String
    /// The first sentence says when to use it.
    let description: String
    let hints: Hints
    let parameters: [ToolParameter]
    let run: @Sendable (ToolCall) throws -> JSONValue

    var changes: Bool { !hints.readOnly }

    /// Plain objects, which every client takes.
    var inputSchema: JSONValue { Self.object(parameters) }

    static func object(_ parameters: [ToolParameter]) -> JSONValue {
        let required = parameters.filter(\.isRequired).map { JSONValue.string($0.name) }
        return [
            "type": "object",
            "properties": .object(parameters.reduce(into: [:]) { $0[ExactText($1.name)] = $1.schema }),
            "required": required.isEmpty ? nil : .array(required), "additionalProperties": false,
        ]
    }

    var json: JSONValue {
        [
            "name": .string(name), "title": .string(title), "description": .string(description), "inputSchema": inputSchema,
            "annotations": [
                "title": .string(title), "readOnlyHint": .bool(hints.readOnly), "destructiveHint": .bool(hints.destructive),
                "idempotentHint": .bool(hints.idempotent), "openWorldHint": .bool(hints.openWorld),
            ],
        ]
    }
}
