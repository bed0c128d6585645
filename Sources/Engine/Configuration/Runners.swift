import Glibc
import Scheduling

/// The users that tasks can run as whose pool runs them as whoever has submitted them.
struct Runners {
    struct User {
        let uid: uid_t
        /// The primary one first.
        let groups: [gid_t]
    }

    /// Members of groups of administrators may send tasks to every pool.
    let adminGroups: [String]
    /// Members of this one may talk to the daemon.
    let clientGroup: String

    /// All that may send tasks to a pool, but for root, by their uids. What the user database does not list it finds by
    /// the members that groups name.
    func users(admittedBy access: PoolAccess?) -> [User] {
        let admins = adminGroups.compactMap(Self.group)
        let groups = (access.map { Array($0.groups) } ?? [Self.group(clientGroup)].compactMap { $0 }) + admins
        let names = Set(Self.allUsers() + groups.flatMap(Self.members))
        let uids = access?.users ?? []
        var users: [uid_t: User] = [:]
        for name in names {
            guard let entry = getpwnam(name)?.pointee, entry.pw_uid != 0 else { continue }
            let own = Self.groups(of: name, entry.pw_gid)
            guard uids.contains(entry.pw_uid) || own.contains(where: groups.contains) else { continue }
            users[entry.pw_uid] = User(uid: entry.pw_uid, groups: own)
        }
        return users.values.sorted { $0.uid < $1.uid }
    }

    /// The primary group first, then the others.
    static func groups(of user: String, _ primary: gid_t) -> [gid_t] {
        var count: Int32 = 256
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(user, primary, &groups, &count) >= 0 else { return [primary] }
        return [primary] + groups.prefix(Int(count)).filter { $0 != primary }
    }

    private static func group(_ name: String) -> gid_t? { getgrnam(name)?.pointee.gr_gid }

    private static func members(of group: gid_t) -> [String] {
        guard var next = getgrgid(group)?.pointee.gr_mem else { return [] }
        var names: [String] = []
        while let name = next.pointee {
            names.append(String(cString: name))
            next += 1
        }
        return names
    }

    private static func allUsers() -> [String] {
        var names: [String] = []
        setpwent()
        defer { endpwent() }
        while let entry = getpwent() {
            if let name = entry.pointee.pw_name { names.append(String(cString: name)) }
        }
        return names
    }
}
