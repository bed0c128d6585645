import OrchProtocol

/// What the program of a rule has printed: one JSON object, with whatever else it could not keep to itself around it.
public enum RouteOutput {
    /// How much of its output is looked at.
    public static let maximum = 64 << 10

    /// The first complete object; nil where there is none.
    public static func answer(in bytes: [UInt8]) -> [ExactText: JSONValue]? {
        var answer: [ExactText: JSONValue]?
        DocumentFinder.documents(in: EscapeCodes.removed(from: bytes)) { document in
            guard case .object(let members) = try? JSONValue(Array(document.bytes[document.range])) else { return true }
            answer = members
            return false
        }
        return answer
    }
}
