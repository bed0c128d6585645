import FoundationEssentials
import OrchProtocol

/// A line from the daemon, read as far as is needed to know whose it is.
///
/// The parts stay bytes: `--json` prints the result as the daemon wrote it, with members that only a newer client knows, and
/// nothing is decoded twice.
struct Envelope {
    let line: [UInt8]
    private(set) var id: RequestID?
    private(set) var method: String?
    private var resultRange: Range<Int>?
    private var errorRange: Range<Int>?

    init(_ line: [UInt8]) throws(ClientError) {
        self.line = line
        var idRange: Range<Int>?
        var methodRange: Range<Int>?
        do {
            var scanner = JSONScanner(line)
            scanner.skipSpace()
            try scanner.object { [line] key, value in
                switch String(decoding: line[key], as: UTF8.self) {
                case "id": idRange = value
                case "method": methodRange = value
                case "result": resultRange = value
                case "error": errorRange = value
                default: break
                }
            }
        } catch {
            throw .malformed("a line with \(error.message)")
        }
        id = idRange.flatMap { try? decode(RequestID.self, $0) }
        method = methodRange.flatMap { try? decode(String.self, $0) }
    }

    /// The result as the daemon wrote it.
    func result() throws -> [UInt8] {
        if let errorRange {
            guard let error = try? decode(WireError.self, errorRange) else {
                throw ClientError.malformed("an error without code and message")
            }
            throw error
        }
        guard let resultRange else { throw ClientError.malformed("an answer with neither result nor error") }
        return Array(line[resultRange])
    }

    /// The notification; nil for one of a method that this client does not know.
    func notification() throws(ClientError) -> OrchProtocol.Notification? {
        guard let method, Methods.named(method) != nil else { return nil }
        do {
            return try Wire.decode(Notification.self, from: Data(line))
        } catch {
            throw .malformed("a notification of \(method) that cannot be read")
        }
    }

    private func decode<T: Decodable>(_ type: T.Type, _ range: Range<Int>) throws -> T {
        try Wire.decode(type, from: Data(line[range]))
    }
}
