import OrchProtocol
import Scheduling
import SupervisorLink

extension Configuration {
    /// The policy that the supervisor checks every order against: which user the tasks of each pool run as, of which repository they
    /// get worktrees, which programs they may execute, which credentials they get, and what they may use at the most. It is made by
    /// root from files that only root can write, so that an engine gone wrong cannot ask for more. `docs/link.md` describes the format.
    ///
    /// - Parameters:
    ///   - defaultUser: for pools that name none.
    ///   - clientGroup: whose members may talk to the daemon.
    /// - Throws: ``ConfigurationError`` if a pool's user does not exist or is root.
    public func policy(defaultUser: String, clientGroup: String, file: String) throws -> String {
        let runners = Runners(adminGroups: adminGroups, clientGroup: clientGroup)
        var lines: [String] = []
        var accounts: [UInt32: String] = [:]
        var faults: [ConfigurationError.Fault] = []
        for pool in pools {
            let name = pool.settings.name
            if pool.settings.runsAsSubmitter {
                lines.append("pool \(name) submitter")
                for runner in runners.all(admittedBy: pool.settings.access) {
                    lines.append("submitter \(name) \(runner.identity)")
                    accounts[runner.uid] = runner.account
                }
            } else {
                do throws(ConfigurationError) {
                    let runner = try Self.runner(pool.user ?? defaultUser, of: name, file)
                    lines.append("pool \(name) \(runner.identity)")
                    accounts[runner.uid] = runner.account
                } catch {
                    faults += error.faults
                }
            }
            lines += pool.policyLines
        }
        guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
        let known = accounts.sorted { $0.key < $1.key }.map { "account \($0.value)" }
        return (["orchd-policy 1"] + known + lines).joined(separator: "\n") + "\n"
    }

    private static func runner(
        _ user: String, of pool: String, _ file: String
    ) throws(ConfigurationError) -> Runner {
        let runner = Runner(named: user)
        if let runner, runner.uid != 0 { return runner }
        let problem =
            runner == nil
            ? "the user \"\(user)\" of pool \"\(pool)\" does not exist" : "the pool \"\(pool)\" may not run tasks as root"
        throw ConfigurationError(faults: [.init(file: file, line: nil, problem: problem)])
    }
}

extension PoolConfiguration {
    /// What the attempts of the pool may do, whoever they run as.
    fileprivate var policyLines: [String] {
        let name = settings.name
        var lines = (settings.programs ?? []).map { "program \(name) \($0)" }
        lines += credentials.map { "credential \(name) \($0.name)\($0.variable.map { " " + $0 } ?? "")" }
        if confinement.noNetwork { lines.append("confine \(name) network") }
        if let writable = confinement.writable {
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
    path.hasPrefix("/") && !path.unicodeScalars.contains { $0.properties.generalCategory == .control }
}
