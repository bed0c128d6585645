import FoundationEssentials
import OrchClient
import OrchProtocol

/// The output of a task, written out as the bytes it is: its standard output to ours, its standard error to ours.
final class LogStream {
    /// Takes bytes that have not been written before, and the piece that they came in.
    typealias Writer = ([UInt8], OutputChunk) throws -> Void

    private var parameters: LogsParameters
    private let write: Writer
    private var attempt: Int?
    /// Up to where each stream of the attempt has been written.
    private var reached: [OutputStream: Int64] = [:]
    private var isRepeat = false
    /// Is told that what comes now is of another attempt.
    private let onNextAttempt: ((Int) -> Void)?

    /// - Parameter tells: whether somebody at a terminal is told which attempt it is, from the second on.
    init(_ parameters: LogsParameters, tells: Bool = false, write: @escaping Writer) {
        onNextAttempt = tells && Terminal.isError ? { Output.remark("attempt \(parameters.id).\($0)") } : nil
        self.parameters = parameters
        self.write = write
    }

    /// Writes what comes until the daemon says that it is all. On a new connection it continues where the old one broke.
    func run(_ session: Session) throws -> LogsEnd {
        try session.perform { connection in
            if !reached.isEmpty { prepareRepeat() }
            return try connection.call(.logs, parameters) { notification in
                if case .output(_, let chunk) = notification { try accept(chunk) }
            }
        }
    }

    /// The last lines of now are not those of then: asks for everything, and skips what was written.
    func prepareRepeat() {
        isRepeat = true
        parameters.tail = nil
        parameters.since = nil
    }

    func accept(_ chunk: OutputChunk) throws {
        if chunk.attempt != attempt {
            if attempt != nil {
                reached = [:]
                onNextAttempt?(chunk.attempt)
            }
            attempt = chunk.attempt
        }
        var bytes = try Self.bytes(of: chunk)
        let end = chunk.offset + Int64(bytes.count)
        if isRepeat, let known = reached[chunk.stream], chunk.offset < known {
            bytes.removeFirst(min(bytes.count, Int(known - chunk.offset)))
        }
        if !bytes.isEmpty { try write(bytes, chunk) }
        reached[chunk.stream] = isRepeat ? max(end, reached[chunk.stream] ?? 0) : end
    }

    /// Writes each piece as a line of JSON, for programs. What a broken connection has cut from its beginning is in `base64`, since the cut
    /// may be within a character.
    static func printJSON(_ bytes: [UInt8], of chunk: OutputChunk) throws {
        var chunk = chunk
        let whole = try Self.bytes(of: chunk).count
        if bytes.count < whole {
            chunk = OutputChunk(
                stream: chunk.stream, offset: chunk.offset + Int64(whole - bytes.count),
                base64: Data(bytes).base64EncodedString(), attempt: chunk.attempt)
        }
        try Output.print(line: chunk)
    }

    private static func bytes(of chunk: OutputChunk) throws -> [UInt8] {
        guard let bytes = chunk.bytes else {
            throw ClientError.malformed("a piece of output with neither text nor base64")
        }
        return bytes
    }
}
