import CLinux
import Glibc
import Platform
import Text

/// The listening socket through which the processes of one attempt talk to the daemon, as their task.
///
/// The supervisor never takes a connection: it keeps the listener for whichever engine is there, and what connects in between waits in it.
struct Door {
    let listener: Descriptor
    /// What `ORCHD_SOCKET` says.
    let path: String
}

/// Where the doors of attempts are: `PLACE/RANDOM/s`, each in a directory of its own whose name nobody can guess. What is in the way of
/// others is that the socket is its user's alone; that several attempts have the same user, only the engine can tell, by who connects.
struct Doors {
    /// What connects while no engine is there, or more than it serves, waits here.
    private static let backlog: Int32 = 128
    /// Bytes of a socket's path (unix(7)), with its NUL.
    private static let longestPath = 108
    private static let randomBytes = 16
    private static let name = "s"

    /// Nil where no path is short enough.
    private let place: String?

    /// - Parameters:
    ///   - state: the directory below which they are, unless its path is too long.
    ///   - listeners: those of attempts that live; what others have left is removed.
    init(in state: String, keeping listeners: some Collection<Int32>) {
        let candidates = [state + "/doors"] + Self.shortPlaces(state)
        let rest = 1 + Self.randomBytes * 2 + 1 + Self.name.utf8.count + 1
        place = candidates.first { $0.utf8.count + rest <= Self.longestPath && Self.make($0) }
        let kept = Set(listeners.compactMap { Self.path(of: $0) })
        guard let place, let directory = try? Descriptor(opening: place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { return }
        for door in directoryNames(in: directory) where !kept.contains(Self.path(place, door)) {
            Self.remove(Self.path(place, door))
        }
    }

    /// Makes one.
    ///
    /// - Parameter identity: whom the attempt runs as; nil for ourselves.
    func open(for identity: Identity?) throws(SystemError) -> Door {
        guard let place else { throw SystemError("find a short path for a socket", code: ENAMETOOLONG) }
        let directory = "\(place)/\(Self.randomName())"
        guard mkdir(directory, 0o700) == 0 else { throw SystemError("make the directory \(directory)") }
        let path = "\(directory)/\(Self.name)"
        do throws(SystemError) {
            let socket = linux_unix_listen(path, Int32(SOCK_STREAM.rawValue), 0o600, Self.backlog)
            let listener = try Descriptor(socket, "listen on \(path)")
            // The directory stays ours, so nobody puts anything else there.
            if let identity, geteuid() == 0 {
                guard lchown(path, identity.user, identity.group) == 0, chmod(directory, 0o711) == 0 else {
                    throw SystemError("change the owner of \(path)")
                }
            }
            return Door(listener: listener, path: path)
        } catch {
            Self.remove(path)
            throw error
        }
    }

    func close(_ door: Door) { Self.remove(door.path) }

    /// One that a former version of the supervisor has made.
    static func inherited(_ listener: Descriptor) -> Door? {
        path(of: listener.number).map { Door(listener: listener, path: $0) }
    }

    private static func path(_ place: String, _ door: String) -> String { "\(place)/\(door)/\(name)" }

    private static func remove(_ path: String) {
        unlink(path)
        rmdir(String(path.dropLast(1 + name.utf8.count)))
    }

    /// What it was bound to.
    private static func path(of listener: Int32) -> String? {
        var path = [CChar](repeating: 0, count: longestPath)
        guard linux_unix_path(listener, &path, path.count) > 0 else { return nil }
        return String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// From the kernel's generator.
    private static func randomName() -> String {
        var generator = SystemRandomNumberGenerator()
        return hexadecimal((0..<randomBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// For a state directory that is deep in somebody's home: a name of ours for it, where paths are short.
    private static func shortPlaces(_ state: String) -> [String] {
        var hash = StableHash()
        hash.add(bytes: Array(state.utf8))
        let name = "orchd-doors-\(hash.value.magnitude)"
        let session = Environment.own[.runtimeDirectory].map { ["\($0)/\(name)"] } ?? []
        return session + ["/tmp/\(name)-\(geteuid())"]
    }

    /// Whether it is a directory of ours alone, now at the latest. To be passed through where there are other users.
    private static func make(_ path: String) -> Bool {
        let mode: mode_t = geteuid() == 0 ? 0o711 : 0o700
        guard mkdir(path, mode) == 0 || errno == EEXIST,
            let directory = try? Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            let status = try? directory.status(), status.st_uid == geteuid()
        else { return false }
        return fchmod(directory.number, mode) == 0
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
