import FoundationEssentials
import OrchProtocol

/// A line from a client.
enum RequestTarget: FuzzTarget {
    static let name = "request"

    static func check(_ input: [UInt8]) throws { _ = try request(Array(input)) }

    /// Reads a request and holds what must hold of every one.
    static func request(_ line: [UInt8]) throws -> Result<Request, WireError> {
        let (id, result) = Wire.request(from: Data(line))
        switch result {
        case .success(let request):
            try hold(request.id == id, "the request has another id than the answer")
            let again = try Wire.line(request)
            try hold(!again.contains(0x0A), "a request of more than one line")
            guard case .success(let reread) = Wire.request(from: again).1 else {
                throw Broken(description: "what was read cannot be written so that it can be read again")
            }
            try hold(reread == request, "another request after a round trip: \(request), \(reread)")
            try hold(Wire.line(reread) == again, "other bytes after two round trips")
        case .failure(let error):
            try check(error)
            let answer = try Wire.line(Response<Acknowledged>(id: id, error: error))
            let read = try Wire.decode(Response<Acknowledged>.self, from: answer)
            guard case .failure(error) = read.outcome else { throw Broken(description: "the error cannot be read again") }
        }
        return result
    }

    private static let expected: Set<WireError.Code> = [.parseError, .invalidRequest, .unknownMethod, .invalidParameter]

    static func check(_ error: WireError) throws {
        let kind = try hold(error.kind, "an error without its word")
        try hold(expected.contains(kind), "not an error of reading: \(error)")
        try hold(!error.message.isEmpty, "an error without a message")
        let size = error.message.utf8.count + (error.data?.field?.utf8.count ?? 0)
        try hold(size <= 1500, "an error of \(size) bytes, which a client chose")
    }
}
