import OrchClient
import OrchProtocol

/// What tasks have written, as far as it is new.
extension DaemonPerformer {
    /// How many lines are read of a log of which nothing is known, and of one that is followed.
    private static let firstLines = 20
    private static let moreLines = 300
    /// How much of it is kept.
    private static let bytes = 32 << 10

    func log(_ id: Int64, after place: LogPlace) throws -> LogPiece {
        var parameters = LogsParameters(id: id)
        parameters.tail = place.attempt == 0 ? Self.firstLines : Self.moreLines
        var bytes: [UInt8] = []
        let end = try call(.logs, parameters) { notification in
            guard case .output(_, let chunk) = notification else { return }
            bytes += Self.unknown(of: chunk, place)
            if bytes.count > 2 * Self.bytes { bytes.removeFirst(bytes.count - Self.bytes) }
        }
        return LogPiece(
            text: String(decoding: bytes, as: UTF8.self),
            place: LogPlace(attempt: end.attempt, stdout: end.stdout, stderr: end.stderr), isLast: end.state.isFinal)
    }

    /// The part of a piece that lies behind a place.
    static func unknown(of chunk: OutputChunk, _ place: LogPlace) -> [UInt8] {
        let all = chunk.text.map { Array($0.utf8) } ?? Array("(bytes that are not text)\n".utf8)
        guard chunk.attempt == place.attempt else { return chunk.attempt > place.attempt ? all : [] }
        let known = (chunk.stream == .stdout ? place.stdout : place.stderr) - chunk.offset
        guard known > 0 else { return all }
        return known >= all.count ? [] : Array(all[Int(known)...])
    }
}
