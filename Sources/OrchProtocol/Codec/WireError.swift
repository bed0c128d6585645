/// An error as it travels in a JSON-RPC answer: a number for the protocol, a sentence for a person, a word for a program.
///
/// The numbers from -32768 to -32000 belong to the JSON-RPC 2.0 specification, section 5.1.
public struct WireError: Error, Codable, Sendable, Equatable {
    /// What a program may rely on: the number that JSON-RPC wants, and the word, which is the name with `_` between its words. Both are
    /// part of the protocol and never change their meaning.
    public enum Code: Int, Sendable, CaseIterable {
        case parseError = -32700
        case invalidRequest = -32600
        case unknownMethod = -32601
        case invalidParameter = -32602
        case internalError = -32603
        case notFound = -32001
        case invalidState = -32002
        case forbidden = -32003
        case unknownPool = -32004
        case lineTooLong = -32005
        case tooBusy = -32006
        case tooManyConnections = -32007
        case storageFull = -32008
        case storageFailed = -32009
        case draining = -32010
        case stopping = -32011
        case invalidConfiguration = -32012
        case requestCancelled = -32013

        public var number: Int { rawValue }
        public var word: String { "\(self)".snakeCased }
    }

    public struct Details: Codable, Sendable, Equatable {
        /// One of ``Code``; a string, because a client may meet a daemon that knows more codes than it does.
        public var code: String
        /// The parameter that is at fault, as a path: `timeout`, or `[3].timeout` in a batch.
        public var field: String?
    }

    public var code: Int
    public var message: String
    public var data: Details?

    public init(_ code: Code, _ message: String, field: String? = nil) {
        self.code = code.number
        self.message = message
        data = Details(code: code.word, field: field.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// What it is, where this library knows it.
    public var kind: Code? { Code(rawValue: code) }
}

extension WireError {
    /// A request that has such an object.
    init(_ repeated: RepeatedName) {
        // As the paths of the decoder's complaints are: below the parameters.
        let path = repeated.path.first == "params" ? repeated.path.dropFirst() : repeated.path[...]
        let field = path.reduce(into: "") { text, place in
            text += (text.isEmpty || place.has(prefix: "[") ? "" : ".") + place.shortened(to: 80)
        }.shortened(to: 200)
        let object = field.isEmpty ? "the request" : "\"\(field)\""
        let advice = path.last == "env" && repeated.isRespelt ? "; \"env_bytes\" has room for both" : ""
        self.init(.invalidParameter, "\(object) \(repeated.problem)\(advice)", field: field.isEmpty ? nil : field)
    }
}
