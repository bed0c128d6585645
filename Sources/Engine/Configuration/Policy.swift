import Glibc
import OrchProtocol
import Scheduling
import SupervisorLink

extension Configuration {
    /// The policy that the supervisor checks every order against: which user the tasks of each pool run as, of which repository they
    /// get worktrees, which programs they may execute, which credentials they get, and what they may use at the most. It is made by root from files that only root can write, so that an
    /// engine gone wrong cannot ask for more. `docs/link.md` describes the format.
    ///
    /// - Parameters:
    ///   - defaultUser: for pools that name none.
    ///   - clientGroup: whose members may talk to the daemon.
    /// - Throws: ``ConfigurationError`` if a pool's user does not exist or is root.
    public func policy(defaultUser: String, clientGroup: String, file: String) throws -> String {
        let runners = Runners(adminGroups: adminGroups, clientGroup: clientGroup)
        var lines = ["orchd-policy 1"]
        var faults: [ConfigurationError.Fault] = []
        for pool in pools {
            do throws(ConfigurationError) {
                lines += try Self.users(of: pool, runners, defaultUser: defaultUser, file: file)
            } catch {
                faults += error.faults
                continue
            }
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

    /// The lines that say whom the tasks of a pool run as.
    private static func users(
        of pool: PoolConfiguration, _ runners: Runners, defaultUser: String, file: String
    ) throws(ConfigurationError) -> [String] {
        let name = pool.settings.name
        func line(_ words: String, _ groups: [gid_t]) -> String {
            "\(words) \(groups.map(String.init).joined(separator: ","))"
        }
        func fault(_ problem: String) -> ConfigurationError {
            ConfigurationError(faults: [.init(file: file, line: nil, problem: problem)])
        }
        if pool.settings.runsAsSubmitter {
            let users = runners.users(admittedBy: pool.settings.access)
            return ["pool \(name) submitter"] + users.map { line("submitter \(name) \($0.uid)", $0.groups) }
        }
        let user = pool.user ?? defaultUser
        guard let entry = getpwnam(user) else {
            throw fault("the user \"\(user)\" of pool \"\(name)\" does not exist")
        }
        let (uid, gid) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
        guard uid != 0 else {
            throw fault("the pool \"\(name)\" may not run tasks as root")
        }
        return [line("pool \(name) \(uid)", Runners.groups(of: user, gid))]
    }
}
