import Glibc
import Platform

/// The directory of the queue and the results, which one engine has at a time.
package struct StateDirectory: Sendable {
    let path: String
    private let lock: Descriptor

    /// Makes the directory where it is missing, and takes it.
    ///
    /// - Throws: ``StartError`` where another engine has it, or it cannot be used.
    init(_ path: String) throws {
        self.path = path
        do {
            try makeDirectory(path, withParents: true)
            try Self.expectSafe(path)
            try makeDirectory(path + "/output")
            let file = path + "/lock"
            lock = try Descriptor(open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600), "use the state directory: create \(file)")
        } catch let error as SystemError {
            throw StartError(
                "\(error); check that it exists, can be written, and belongs to the user that orchd runs as")
        }
        guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else { throw Self.taken(path, lock) }
        let owner = Array("\(getpid())\n".utf8)
        ftruncate(lock.number, 0)
        _ = pwrite(lock.number, owner, owner.count, 0)
    }

    /// Whether nobody seems to have it; taking it checks again.
    ///
    /// - Throws: ``StartError`` where another engine has it.
    package static func expectFree(_ path: String) throws {
        guard let lock = try? Descriptor(open(path + "/lock", O_RDWR | O_CLOEXEC), "open") else { return }
        guard flock(lock.number, LOCK_EX | LOCK_NB) == 0 else { throw taken(path, lock) }
    }

    /// Whether only this user and root can change what is in it. In a directory of somebody else, tasks and results would be theirs.
    ///
    /// - Throws: ``StartError`` where it is not so, or there is no such directory.
    package static func expectSafe(_ path: String) throws(StartError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw StartError("\(SystemError("look at the state directory \(path)"))") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw StartError(
                "the state directory \(path) belongs to uid \(status.st_uid), and orchd runs as uid \(geteuid()); "
                    + "choose another with --state-dir, or chown it")
        }
        guard status.st_mode & 0o002 == 0 else {
            throw StartError(
                "everybody can write to the state directory \(path): chmod o-w it, or choose another with --state-dir")
        }
    }

    private static func taken(_ path: String, _ lock: Descriptor) -> StartError {
        let owner = owner(of: lock).map { ", process \($0)," } ?? ""
        return StartError(
            "another orchd\(owner) uses the state directory \(path); stop it first, or choose another with --state-dir")
    }

    private static func owner(of lock: Descriptor) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(lock.number, &buffer, buffer.count, 0)
        guard count > 1 else { return nil }
        return Int32(String(decoding: buffer[..<(count - 1)], as: UTF8.self))
    }

    var database: String { path + "/queue.db" }
}
