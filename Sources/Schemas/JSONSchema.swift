import JSON
import Text

/// A JSON Schema (draft 2020-12), ready to judge documents.
///
/// What asserts anything is either kept to or refused when the schema is read, never passed over; what only describes (`title`, `format`,
/// keywords that nobody knows) is passed over, as the standard has it. A schema may come from anybody: neither reading one nor judging by
/// it takes more than a bounded time or stack.
public struct JSONSchema: Sendable {
    /// The longest text of one, in bytes.
    public static let maximumSize = 65_536

    /// Why a schema cannot be used.
    public struct Fault: Error, Equatable, Sendable {
        /// Where in the schema, as a JSON pointer; empty for its root.
        public var path: String
        /// What is wrong there, as a sentence without its full stop.
        public var problem: String

        public var sentence: String { path.isEmpty ? problem : "at \(path.shortened(to: 200)): \(problem)" }
    }

    /// How a document does not fit.
    public struct Mismatch: Error, Equatable, Sendable {
        /// Where in the document, as a JSON pointer; empty for its root.
        public var path: String
        /// What was expected there, and what is there.
        public var problem: String
    }

    /// What a place in the schema asks of a value; the root is the first.
    let nodes: [[Assertion]]

    public init(_ document: JSONValue) throws(Fault) {
        var compiler = SchemaCompiler(document)
        nodes = try compiler.compile()
    }

    /// Throws where the document does not fit, or cannot be judged in reasonable time.
    public func check(_ document: JSONValue) throws(Mismatch) {
        var check = SchemaCheck(nodes: nodes)
        if let mismatch = try check.mismatch(of: document, with: 0) { throw mismatch }
    }
}

/// A result that must be JSON, as programs and models hand it in.
public enum ResultDocument {
    /// The longest that is judged, in bytes: as much as `task.get` answers.
    public static let maximumSize = 1 << 20

    /// Finds the document in a result and holds it against a schema.
    ///
    /// - Returns: where the document is.
    /// - Throws: what is wrong with it, as in "the result …".
    public static func check(_ result: [UInt8], against schema: JSONSchema) throws(JSONSchema.Mismatch) -> Range<Int> {
        guard result.count <= maximumSize else {
            throw .init("is longer than the \(maximumSize >> 20) MiB that orchd checks against a schema")
        }
        let range = document(in: result)
        guard !range.isEmpty else { throw .init("is empty, and not JSON") }
        let value: JSONValue
        do throws(JSONScanner.Malformed) {
            value = try JSONValue(Array(result[range]))
        } catch {
            let start = JSONValue.string(String(decoding: result[range].prefix(200), as: UTF8.self)).text
            throw .init(
                "is not JSON: it has \(error.message) at byte \(range.lowerBound + error.position), and begins with \(start)")
        }
        try schema.check(value)
        return range
    }

    /// The result without white space around it, and without the fence that models like to put around code:
    /// a line of three backticks, often with a word behind them, before it, and another one after it.
    static func document(in result: [UInt8]) -> Range<Int> {
        let start = result.starts(with: ByteOrderMark.bytes) ? ByteOrderMark.bytes.count : 0
        let whole = trimmed(result, start..<result.count)
        let fence = Array("```".utf8)
        guard result[whole].starts(with: fence), result[whole].suffix(3).elementsEqual(fence), whole.count > 6,
            let line = result[whole].firstIndex(of: UInt8(ascii: "\n")), line < whole.upperBound - 3
        else { return whole }
        return trimmed(result, line..<whole.upperBound - 3)
    }

    private static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = bytes[range].firstIndex(where: { !isSpace($0) }),
            let last = bytes[range].lastIndex(where: { !isSpace($0) })
        else { return range.lowerBound..<range.lowerBound }
        return first..<last + 1
    }
}
