import OrchProtocol
import Scheduling
import Settings
import SupervisorLink

extension Configuration {
    /// The policy that the supervisor checks every order against: which user the tasks of each pool run as, of which repository they
    /// get worktrees, which programs they may execute, which credentials they get, and what they may use at most. It is made by
    /// root from files that only root can write, so that an engine gone wrong cannot ask for more. `docs/link.md` describes the format.
    ///
    /// - Parameters:
    ///   - defaultUser: for pools that name none.
    ///   - clientGroup: whose members may talk to the daemon.
    /// - Throws: ``ConfigurationError`` if a pool's user does not exist or is root.
    public func policy(defaultUser: String, clientGroup: String, file: String) throws -> String {
        let faults = userFaults(defaultUser: defaultUser, file: file)
        guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
        let runners = Runners(adminGroups: adminGroups, clientGroup: clientGroup)
        var lines: [String] = []
        var accounts: [UInt32: String] = [:]
        for pool in pools {
            let name = pool.settings.name
            if pool.settings.runsAsSubmitter {
                lines.append("pool \(name) submitter")
                for runner in runners.all(admittedBy: pool.settings.access) {
                    lines.append("submitter \(name) \(runner.identity)")
                    accounts[runner.uid] = runner.account
                }
            } else if let runner = Runner(named: pool.user ?? defaultUser) {
                lines.append("pool \(name) \(runner.identity)")
                accounts[runner.uid] = runner.account
            }
            lines += pool.policyLines
        }
        let known = accounts.sorted { $0.key < $1.key }.map { "account \($0.value)" }
        return (["orchd-policy 1"] + known + lines).joined(separator: "\n") + "\n"
    }

    /// The pools whose tasks could run as nobody, or would run as root: no policy can be made of them.
    ///
    /// - Parameters:
    ///   - defaultUser: for pools that name none; nil to pass over these.
    ///   - file: what is at fault where no pool's file names the user.
    public func userFaults(defaultUser: String?, file: String) -> [ConfigurationError.Fault] {
        pools.compactMap { pool in
            let name = pool.settings.name
            guard !pool.settings.runsAsSubmitter, let user = pool.user ?? defaultUser else { return nil }
            let runner = Runner(named: user)
            guard runner.map({ $0.uid == 0 }) ?? true else { return nil }
            let problem =
                runner == nil
                ? "the user \"\(user)\" of pool \"\(name)\" does not exist" : "the pool \"\(name)\" may not run tasks as root"
            let place = pool.user == nil ? nil : userPlaces[name]
            return .init(file: place?.file ?? file, line: place?.line, problem: problem)
        }
    }
}

extension PoolConfiguration {
    /// What the attempts of the pool may do, no matter who they run as.
    fileprivate var policyLines: [String] {
        let name = settings.name
        var lines = (settings.programs ?? []).map { "program \(name) \($0)" }
        lines += credentials.map { "credential \(name) \($0.name)\($0.variable.map { " " + $0 } ?? "")" }
        if sandbox.noNetwork { lines.append("confine \(name) network") }
        if let writable = sandbox.writable {
            lines.append("confine \(name) writes")
            lines += writable.map { "writable \(name) \($0)" }
        }
        if let repository { lines.append("worktree \(name) \(repository)") }
        return lines
            + settings.maximum.controls.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                "limit \(name) \($0.key.name) \($0.value)"
            }
    }
}

/// Whether it can be the end of a line of the policy.
func isPolicyPath(_ path: String) -> Bool {
    path.has(prefix: "/") && !path.hasControls
}
