import Glibc
import Synchronization
import Text

/// The users and groups of the machine. One at a time: libc answers in storage of its own, which the next question overwrites.
public enum UserDatabase {
    public struct User {
        public let uid: uid_t
        /// The primary group.
        public let gid: gid_t
        public let home: String
        public let shell: String
    }

    private static let lock = Mutex(())

    public static func user(_ name: String) -> User? {
        lock.withLock { _ in
            getpwnam(name).map { entry in
                User(
                    uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid,
                    home: text(entry.pointee.pw_dir) ?? "", shell: text(entry.pointee.pw_shell) ?? "")
            }
        }
    }

    /// Nil also for what is not UTF-8: no name in a configuration can mean it.
    private static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String? {
        pointer.flatMap { ByteString(cString: $0).text }
    }

    public static func group(_ name: String) -> gid_t? { lock.withLock { _ in getgrnam(name)?.pointee.gr_gid } }

    /// Those that the group names, which are not those whose primary group it is.
    public static func members(of group: gid_t) -> [String] {
        lock.withLock { _ in
            guard var next = getgrgid(group)?.pointee.gr_mem else { return [] }
            var names: [String] = []
            while let name = next.pointee {
                if let name = text(name) { names.append(name) }
                next += 1
            }
            return names
        }
    }

    /// The names of all that it lists; large ones do not.
    public static func allUsers() -> [String] {
        lock.withLock { _ in
            var names: [String] = []
            setpwent()
            defer { endpwent() }
            while let entry = getpwent() {
                if let name = text(entry.pointee.pw_name) { names.append(name) }
            }
            return names
        }
    }

    /// The groups of a user, the primary one first. Needs no lock: getgrouplist(3) answers in what it is given.
    public static func groups(of user: String, _ primary: gid_t) -> [gid_t] {
        var count: Int32 = 256
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(user, primary, &groups, &count) >= 0 else { return [primary] }
        return [primary] + groups.prefix(Int(count)).filter { $0 != primary }
    }
}
