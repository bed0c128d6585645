import Glibc
import Scheduling

/// A user that tasks run as, as the policy tells of it.
struct Runner {
    let uid: uid_t
    /// The primary one first.
    let groups: [gid_t]
    private let name: String
    private let shell: String
    private let home: String

    /// Nil if there is no such user.
    init?(named name: String) {
        guard let entry = getpwnam(name)?.pointee else { return nil }
        uid = entry.pw_uid
        groups = Self.groups(of: name, entry.pw_gid)
        self.name = name
        shell = entry.pw_shell.map { String(cString: $0) } ?? ""
        home = entry.pw_dir.map { String(cString: $0) } ?? ""
    }

    /// `UID GID[,GID…]`.
    var identity: String { "\(uid) \(groups.map(String.init).joined(separator: ","))" }

    /// `UID NAME SHELL HOME`, with `-` for what there is none of; nil if that cannot stand in a line.
    var account: String? {
        let isPlain = [name, shell].allSatisfy { word in
            !word.isEmpty && word.unicodeScalars.allSatisfy { $0 != " " && $0.properties.generalCategory != .control }
        }
        guard isPlain, isPolicyPath(home) else { return nil }
        // What merely keeps people from logging in is worse than nothing to a program that looks for a shell, or for a place to write.
        let hasShell = !["nologin", "false"].contains { shell.hasSuffix("/\($0)") }
        let hasHome = !["/", "/nonexistent"].contains(home)
        return "\(uid) \(name) \(hasShell ? shell : "-") \(hasHome ? home : "-")"
    }

    private static func groups(of user: String, _ primary: gid_t) -> [gid_t] {
        var count: Int32 = 256
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(user, primary, &groups, &count) >= 0 else { return [primary] }
        return [primary] + groups.prefix(Int(count)).filter { $0 != primary }
    }
}

/// Those who may have tasks run as themselves.
struct Runners {
    /// Members of groups of administrators may send tasks to every pool.
    let adminGroups: [String]
    /// Members of this one may talk to the daemon.
    let clientGroup: String

    /// All that may send tasks to a pool, but for root, in the order of their uids. What the user database does not list it finds by
    /// the members that groups name.
    func all(admittedBy access: PoolAccess?) -> [Runner] {
        let admins = adminGroups.compactMap(Self.group)
        let groups = (access.map { Array($0.groups) } ?? [Self.group(clientGroup)].compactMap { $0 }) + admins
        let uids = access?.users ?? []
        var runners: [uid_t: Runner] = [:]
        for name in Set(Self.allUsers() + groups.flatMap(Self.members)) {
            guard let runner = Runner(named: name), runner.uid != 0 else { continue }
            if uids.contains(runner.uid) || runner.groups.contains(where: groups.contains) { runners[runner.uid] = runner }
        }
        return runners.values.sorted { $0.uid < $1.uid }
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
