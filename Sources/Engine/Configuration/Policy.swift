import Glibc
import OrchProtocol
import Scheduling
import SupervisorLink

extension Configuration {
    /// The policy that the supervisor checks every order against: which user the tasks of each pool run as, of which repository they
    /// get worktrees, which programs they may execute, which credentials they get, and what they may use at the most. It is made by root from files that only root can write, so that an
    /// engine gone wrong cannot ask for more. `docs/link.md` describes the format.
    ///
    /// - Parameter defaultUser: for pools that name none.
    /// - Throws: ``ConfigurationError`` if a pool's user does not exist or is root.
    public func policy(defaultUser: String, file: String) throws -> String {
        var lines = ["orchd-policy 1"]
        var faults: [ConfigurationError.Fault] = []
        for pool in pools {
            let user = pool.user ?? defaultUser
            guard let entry = getpwnam(user) else {
                faults.append(
                    .init(
                        file: file, line: nil, problem: "the user \"\(user)\" of pool \"\(pool.settings.name)\" does not exist")
                )
                continue
            }
            let (uid, gid) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
            guard uid != 0 else {
                faults.append(
                    .init(file: file, line: nil, problem: "the pool \"\(pool.settings.name)\" may not run tasks as root"))
                continue
            }
            let groups = Self.groups(of: user, gid).map(String.init).joined(separator: ",")
            lines.append("pool \(pool.settings.name) \(uid) \(groups)")
            lines += (pool.settings.programs ?? []).map { "program \(pool.settings.name) \($0)" }
            lines += pool.credentials.map { credential in
                "credential \(pool.settings.name) \(credential.name)\(credential.variable.map { " " + $0 } ?? "")"
            }
            if pool.confinement.noNetwork { lines.append("confine \(pool.settings.name) network") }
            if let writable = pool.confinement.writable {
                lines.append("confine \(pool.settings.name) writes")
                lines += writable.map { "writable \(pool.settings.name) \($0)" }
            }
            if let repository = pool.repository { lines.append("worktree \(pool.settings.name) \(repository)") }
            lines += pool.settings.maximum.controls.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                "limit \(pool.settings.name) \($0.key.name) \($0.value)"
            }
        }
        guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The primary group first, then the others.
    private static func groups(of user: String, _ primary: gid_t) -> [gid_t] {
        var count: Int32 = 256
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(user, primary, &groups, &count) >= 0 else { return [primary] }
        return [primary] + groups.prefix(Int(count)).filter { $0 != primary }
    }
}
