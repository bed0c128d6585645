import FoundationEssentials
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Synchronization

extension Streams {
    /// The bytes of a file in one notification.
    private static let piece: Int64 = 256 << 10

    /// `task.file`: a file that an attempt has left, piece by piece as the client takes them. Nobody changes it any more.
    func file(_ parameters: FileParameters, _ responder: Responder) throws {
        guard let attempt = try find(parameters.attempt, of: parameters.id).attempt else {
            throw WireError(.notFound, "task \(parameters.id) has not run yet", field: "attempt")
        }
        guard attempt.state == .ended else {
            throw WireError(
                .invalidState, "attempt \(parameters.id).\(attempt.number) has not ended; its files are kept when it has")
        }
        // Opened again for each piece, so streams that nobody reads cost no descriptors.
        let open: @Sendable () throws -> Descriptor = { [files] in
            if let file = try files.openFile(parameters.name, task: parameters.id, attempt: attempt.number) { return file }
            throw WireError(
                .notFound,
                "attempt \(parameters.id).\(attempt.number) has no such file; task.get names the kept files",
                field: "name")
        }
        let action = "read the file \"\(parameters.name)\""
        let end = FileEnd(attempt: attempt.number, name: parameters.name, size: try open().size(action))
        guard (0...end.size).contains(parameters.offset ?? 0) else {
            throw WireError(.invalidParameter, "the file has \(end.size) bytes", field: "offset")
        }
        let position = Mutex(parameters.offset ?? 0)
        responder.stream(readers) { runner in
            let offset = position.withLock { $0 }
            guard offset < end.size else {
                runner.end()
                return responder.succeed(end)
            }
            let bytes = try open().read(at: offset, count: Int(min(Self.piece, end.size - offset)), action)
            guard !bytes.isEmpty else { throw SystemError(action, code: EIO) }
            position.withLock { $0 = offset + Int64(bytes.count) }
            let part = FilePart(offset: offset, base64: Data(bytes).base64EncodedString())
            runner.finished(after: responder.notify(.file(request: responder.id, part)))
        }
    }
}
