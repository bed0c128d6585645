import CLinux
import Engine
import Glibc
import OrchClient
import Platform
import Text

/// The socket of the clients of a foreground run. It is the launcher's, so that they wait while the engine is started again, and are
/// not refused; and it stays where clients look for it, no matter who tidies up there.
final class ClientSocket {
    /// Where it is now.
    private(set) var path: String
    private(set) var listener: Int32
    /// Becomes readable when something happens to the file; -1 where the machine has no more of that kind.
    let changes: Int32

    /// Where clients look that do not know the session: the socket itself, or a link to it.
    private let fixed: String?
    private var file: (device: dev_t, number: ino_t)?
    private var watch: Int32 = -1
    /// That of the link in the fixed place.
    private var linkWatch: Int32 = -1

    /// - Throws: ``StartError``.
    init(_ path: String, fixed: String?) throws {
        self.path = path
        self.fixed = fixed
        changes = inotify_init1(O_CLOEXEC | O_NONBLOCK)
        listener = -1
        try make(at: path)
    }

    /// Whether clients find it.
    var isThere: Bool { file.map { own in Self.file(at: path).map { $0 == own } ?? false } ?? false }

    /// Takes what ``changes`` tells: that there is something to look at.
    func takeChanges() {
        var room = [UInt8](repeating: 0, count: 4096)
        while read(changes, &room, room.count) > 0 {}
    }

    /// Makes it again: in its place, or where that is gone with the session, where clients look without one.
    ///
    /// - Throws: ``StartError`` where neither can be; the old one stays then, which nobody finds.
    func renew() throws {
        do {
            try make(at: path)
        } catch {
            guard let fixed, fixed != path else { throw error }
            try make(at: fixed)
        }
    }

    /// Leaves nothing behind.
    func remove() {
        if isThere { unlink(path) }
        guard let fixed, fixed != path, ProcessText.target(of: fixed) == ByteString(path) else { return }
        unlink(fixed)
    }

    private func make(at path: String) throws {
        if ProcessText.target(of: path) != nil {
            guard !SocketPath.isServed(path) else {
                throw StartError("another daemon listens at \(path); stop it first, or choose another path with --socket")
            }
            unlink(path)
        }
        let new = try Listener.make(at: path)
        if listener >= 0 { close(listener) }
        (self.path, listener, file) = (path, new, Self.file(at: path))
        if changes >= 0 {
            if watch >= 0 { inotify_rm_watch(changes, watch) }
            // The number of its names is an attribute, so that a removed name is noticed while the socket is open.
            watch = inotify_add_watch(changes, path, Self.removals)
        }
        link()
    }

    private static let removals = UInt32(IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

    /// Puts the link back that leads to it, where somebody has removed it.
    func renewLink() {
        guard let fixed, fixed != path, ProcessText.target(of: fixed) != ByteString(path) else { return }
        link()
    }

    /// Puts a link where clients look that do not find the socket, unless another daemon is there.
    private func link() {
        guard let fixed, fixed != path, ProcessText.target(of: fixed) == ByteString(path) || !SocketPath.isServed(fixed) else {
            return
        }
        let temporary = "\(fixed).\(getpid())"
        guard symlink(path, temporary) == 0 else { return }
        guard rename(temporary, fixed) == 0 else {
            unlink(temporary)
            return
        }
        guard changes >= 0 else { return }
        if linkWatch >= 0 { inotify_rm_watch(changes, linkWatch) }
        linkWatch = inotify_add_watch(changes, fixed, Self.removals | UInt32(IN_DONT_FOLLOW))
    }

    private static func file(at path: String) -> (device: dev_t, number: ino_t)? {
        var status = stat()
        return lstat(path, &status) == 0 ? (status.st_dev, status.st_ino) : nil
    }

}
