import OrchProtocol

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
