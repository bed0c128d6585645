import FoundationEssentials

/// Lines of the protocol to values and back. The line's `\n` is not part of what is passed in or out.
public enum Wire {
    /// The version of the protocol, for `daemon.version`. It grows when something that worked no longer does.
    public static let version = 1
    /// The longest line that the daemon takes or sends in general, in bytes, its `\n` not counted.
    public static let maximumLineLength = 4 << 20
    /// The longest line of `task.submit`, and of its answer, in bytes. A batch is taken all or not at all, so it has to fit
    /// into one line.
    public static let maximumSubmissionLength = 64 << 20

    /// Reads a request line. The error carries the id that the answer must have, where one could be read.
    public static func request(from line: Data) -> (id: RequestID?, Result<Request, WireError>) {
        if let request = SubmissionReader.request(from: line) { return (request.id, .success(request)) }
        do {
            let request = try JSONDecoder().decode(Request.self, from: line)
            if let name = JSONScanner.repeatedName(in: Array(line)) { return (request.id, .failure(WireError(name))) }
            return (request.id, .success(request))
        } catch {
            let rejected = error as? Request.Rejected
            // The decoder stumbles over such bytes wherever they are, and does not say why.
            guard String(validating: line, as: UTF8.self) != nil else {
                return (rejected?.id, .failure(WireError(.parseError, "the line is not UTF-8")))
            }
            return (rejected?.id, .failure(rejected?.error ?? WireError(.parseError, "the line is not JSON")))
        }
    }

    /// - Throws: `EncodingError`, for numbers that JSON cannot write (infinity), which no type of the protocol holds.
    public static func line(_ value: some Encodable) throws -> Data {
        if let line = (value as? Response<SubmissionResult>)?.batchLine { return line }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return try encoder.encode(value)
    }

    public static func decode<T: Decodable>(_ type: T.Type, from line: Data) throws -> T {
        try JSONDecoder().decode(type, from: line)
    }
}
