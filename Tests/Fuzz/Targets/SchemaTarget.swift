import OrchProtocol
import Schemas

/// A JSON Schema and the document that is held against it, cut apart by the input.
enum SchemaTarget: FuzzTarget {
    static let name = "schema"

    static func check(_ input: [UInt8]) throws {
        let cut = input.firstIndex(of: 0x0A) ?? input.endIndex
        let text = Array(input[..<cut])
        let document = Array(input[cut...].dropFirst())
        guard text.count <= JSONSchema.maximumSize, let value = try? JSONValue(text) else { return }
        let schema: JSONSchema
        do throws(JSONSchema.Fault) {
            schema = try JSONSchema(value)
        } catch {
            return try hold(!error.problem.isEmpty, "a fault without a reason")
        }
        let first = outcome(document, schema)
        try hold(first.map { !$0.problem.isEmpty } ?? true, "a mismatch without a reason")
        try hold(outcome(document, schema) == first, "the same document is judged differently the second time")
    }

    private static func outcome(_ document: [UInt8], _ schema: JSONSchema) -> JSONSchema.Mismatch? {
        do throws(JSONSchema.Mismatch) {
            _ = try ResultDocument.check(document, against: schema)
            return nil
        } catch {
            return error
        }
    }
}
