import Foundation
import Glibc
import Logging
import NIOCore
import OrchProtocol
import Platform
import Scheduling
import Storage
import Synchronization

/// `daemon.backup`: makes a copy of the database beside it, sends that piece by piece, and keeps nothing.
///
/// The client writes it where its user may write. The engine, which is another user and sees little of the file system, could
/// not. One at a time, on a thread of its own: it takes as long as the disk and the client take.
final class Backups: Sendable {
    private static let piece = 256 << 10
    /// What must be left for the queue itself while the copy exists, in bytes.
    private static let margin: Int64 = 64 << 20

    private let store: SQLiteStore
    private let directory: String
    private let log: Logger
    private let isBusy = Mutex(false)

    init(store: SQLiteStore, directory: String, log: Logger) {
        self.store = store
        self.directory = directory
        self.log = log
        removeCopy()
    }

    private var copy: String { directory + "/backup.tmp" }

    /// - Throws: `WireError` where it cannot be made now.
    func start(by requester: Requester, _ responder: Responder) throws {
        let isFree = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFree else { throw WireError(.tooBusy, "another backup is being made; try again when it is done") }
        do throws(SystemError) {
            try startThread("backup") { self.run(by: requester, responder) }
        } catch {
            isBusy.withLock { $0 = false }
            throw WireError(.tooBusy, "\(error); try again when fewer processes run")
        }
    }

    private func run(by requester: Requester, _ responder: Responder) {
        defer { isBusy.withLock { $0 = false } }
        do {
            let result = try make(responder)
            log.notice("a backup of \(result.tasks) tasks was sent to uid \(requester.uid)")
            responder.succeed(result)
        } catch let error as SystemError {
            responder.fail(WireError(.storageFailed, error.description))
        } catch {
            responder.fail(WireError(storage: error))
        }
    }

    private func make(_ responder: Responder) throws -> BackupResult {
        defer { removeCopy() }
        removeCopy()
        try checkSpace()
        let size = store.size
        let contents = try store.backUp(to: copy, at: Clock.realTime) { part in
            try self.send(BackupPart(size: size, offset: Int64(Double(size) * part)), to: responder)
        }
        let file = try Descriptor(open(copy, O_RDONLY | O_CLOEXEC), "read \(copy)")
        // From here on nothing is left of it, however this ends.
        removeCopy()
        var offset: Int64 = 0
        while offset < contents.size {
            let bytes = try file.read(at: offset, count: Self.piece, "read \(copy)")
            guard !bytes.isEmpty else { throw SystemError("read \(copy)", code: EIO) }
            try send(BackupPart(size: contents.size, offset: offset, base64: Data(bytes).base64EncodedString()), to: responder)
            offset += Int64(bytes.count)
        }
        return contents
    }

    /// Returns when the client has taken it. Throws when it is gone.
    private func send(_ part: BackupPart, to responder: Responder) throws {
        try responder.notify(.backup(request: responder.id, part)).wait()
    }

    /// A disk that a backup fills would take nothing of the queue's either.
    private func checkSpace() throws {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return }
        let free = Int64(status.f_bavail) * Int64(status.f_frsize)
        let needed = store.size + Self.margin
        guard free < needed else { return }
        throw WireError(
            .storageFull,
            "a backup takes \(needed >> 20) MiB in \(directory) while it is made, and only \(free >> 20) MiB are free")
    }

    private func removeCopy() {
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(copy + suffix) }
    }
}
