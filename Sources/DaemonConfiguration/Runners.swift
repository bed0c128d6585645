import Glibc
import Platform
import Scheduling
import SupervisorLink

/// A user that tasks run as, as written in the policy.
package struct Runner {
    package let uid: uid_t
    /// The primary one first; at most as many as the policy takes, so that one user in more of them does not make it invalid.
    package let groups: [gid_t]
    private let name: String
    private let shell: String
    private let home: String

    /// Nil if there is no such user.
    package init?(named name: String) {
        guard let user = UserDatabase.user(name) else { return nil }
        uid = user.uid
        groups = Array(UserDatabase.groups(of: name, user.gid).prefix(PolicyRecord.maximumGroups))
        self.name = name
        shell = user.shell
        home = user.home
    }

    package var user: PolicyRecord.User { .init(uid: uid, groups: groups) }

    /// What its processes find in their environment; nil if that cannot stand in a line.
    package var account: PolicyRecord? {
        let isPlain = [name, shell].allSatisfy { word in
            !word.has(" ") && !word.hasControls
        }
        guard isPlain, !name.isEmpty, isPolicyPath(home) else { return nil }
        // What merely keeps people from logging in is worse than nothing to a program that looks for a shell, or for a place to write.
        let hasShell = !shell.isEmpty && !["nologin", "false"].contains { shell.has(suffix: "/\($0)") }
        let hasHome = !["/", "/nonexistent"].contains(home)
        return .account(user: uid, name: name, shell: hasShell ? shell : nil, home: hasHome ? home : nil)
    }
}

/// Those who may have tasks run as themselves.
package struct Runners {
    /// Members of groups of administrators may send tasks to every pool.
    package let adminGroups: [String]
    /// Members of this one may talk to the daemon.
    package let clientGroup: String

    /// All that may send tasks to a pool, except for root, in the order of their uids. What the user database does not list it
    /// finds by the members that groups name.
    package func all(admittedBy access: PoolAccess?) -> [Runner] {
        let admins = adminGroups.compactMap(UserDatabase.group)
        let groups = (access.map { Array($0.groups) } ?? [UserDatabase.group(clientGroup)].compactMap { $0 }) + admins
        let uids = access?.users ?? []
        var runners: [uid_t: Runner] = [:]
        for name in Set(UserDatabase.allUsers() + groups.flatMap(UserDatabase.members)) {
            guard let runner = Runner(named: name), runner.uid != 0 else { continue }
            if uids.contains(runner.uid) || runner.groups.contains(where: groups.contains) { runners[runner.uid] = runner }
        }
        return runners.values.sorted { $0.uid < $1.uid }
    }
}
