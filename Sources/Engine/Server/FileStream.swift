import FoundationEssentials
import Glibc
import NIOCore
import OrchProtocol
import Platform
import Synchronization

/// One `task.file`: a file that an attempt has left, piece by piece as the client takes them. Nobody changes it any more.
final class FileStream: Sendable {
    private static let piece = 256 << 10

    /// Opens it again for each piece, so streams that nobody reads cost no descriptors.
    private let open: @Sendable () throws -> Descriptor
    private let end: FileEnd
    private let readers: ReaderPool
    private let responder: Responder
    private let offset: Mutex<Int64>

    init(
        _ end: FileEnd, from offset: Int64, readers: ReaderPool, responder: Responder,
        open: @escaping @Sendable () throws -> Descriptor
    ) {
        self.open = open
        self.end = end
        self.readers = readers
        self.responder = responder
        self.offset = Mutex(offset)
    }

    func start() { responder.stream(readers) { try self.step($0) } }

    private func step(_ runner: CoalescingRunner) throws {
        let offset = offset.withLock { $0 }
        guard offset < end.size else {
            runner.end()
            return responder.succeed(end)
        }
        let file = try open()
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(min(Int64(Self.piece), end.size - offset))) { buffer, size in
            count = pread(file.number, buffer.baseAddress, buffer.count, off_t(offset))
            size = max(0, count)
        }
        guard count > 0 else { throw SystemError("read the file \"\(end.name)\"", code: count < 0 ? errno : EIO) }
        self.offset.withLock { $0 = offset + Int64(count) }
        let part = FilePart(offset: offset, base64: Data(bytes).base64EncodedString())
        runner.finished(after: responder.notify(.file(request: responder.id, part)))
    }
}
