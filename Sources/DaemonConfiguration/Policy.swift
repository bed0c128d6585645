import Agents
import OrchProtocol
import Scheduling
import Settings
import SupervisorLink
import Text

extension Configuration {
    /// The policy that the supervisor checks every order against: which user the tasks of each pool run as, of which repository they
    /// get worktrees, which programs they may execute, which credentials they get, and what they may use at most. It is made by
    /// root from files that only root can write, so that an engine gone wrong cannot ask for more.
    ///
    /// - Parameters:
    ///   - defaultUser: for pools that name none.
    ///   - clientGroup: whose members may talk to the daemon.
    /// - Throws: ``ConfigurationError`` if a pool's user does not exist or is root.
    public func policy(defaultUser: String, clientGroup: String, file: String) throws -> String {
        let faults = userFaults(defaultUser: defaultUser, file: file)
        guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
        let runners = Runners(adminGroups: adminGroups, clientGroup: clientGroup)
        var records: [PolicyRecord] = []
        var accounts: [UInt32: PolicyRecord] = [:]
        for pool in pools {
            let name = pool.settings.name
            if pool.settings.runsAsSubmitter {
                records.append(.pool(name, nil))
                for runner in runners.all(admittedBy: pool.settings.access) {
                    records.append(.submitter(pool: name, runner.user))
                    accounts[runner.uid] = runner.account
                }
            } else if let runner = Runner(named: pool.user ?? defaultUser) {
                records.append(.pool(name, runner.user))
                accounts[runner.uid] = runner.account
            }
            records += pool.policyRecords(agents[pool.agentName])
        }
        let known = accounts.sorted { $0.key < $1.key }.map(\.value)
        return ([PolicyRecord.header] + (known + records).map(\.line)).joined(separator: "\n") + "\n"
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
    fileprivate func policyRecords(_ agent: AgentDefinition?) -> [PolicyRecord] {
        let name = settings.name
        var records = (settings.programs ?? []).map { PolicyRecord.program(pool: name, path: $0) }
        if settings.programs != nil {
            let own = environment.merging(["PATH": path]) { _, new in new }
            records += own.sorted { $0.key < $1.key }.map { .variable(pool: name, $0.key + "=" + $0.value) }
            // What an agent's definition sets depends on the task.
            let patterns = settings.openVariables + (agent?.environment.keys.sorted() ?? []).compactMap(NamePattern.init)
            records += patterns.map { .openVariable(pool: name, $0) }
            records += settings.directories.map { .directory(pool: name, path: $0) }
        }
        records += credentials.map { .credential(pool: name, $0) }
        if sandbox.noNetwork { records.append(.confine(pool: name, .network)) }
        if let writable = sandbox.writable {
            records.append(.confine(pool: name, .writes))
            records += writable.map { .writable(pool: name, path: $0) }
        }
        if let repository { records.append(.worktree(pool: name, repository: repository)) }
        if settings.spawn != nil { records.append(.door(pool: name)) }
        let limits = settings.maximum.controls.sorted { $0.key.rawValue < $1.key.rawValue }
        return records + limits.map { .limit(pool: name, $0.key, $0.value) }
    }
}

/// Whether it can be the end of a line of the policy.
package func isPolicyPath(_ path: String) -> Bool {
    path.has(prefix: "/") && !path.hasControls
}

extension ResourceLimits {
    /// As the supervisor is told of them.
    package var controls: [CgroupControl: UInt64] {
        var controls: [CgroupControl: UInt64] = [:]
        for (resource, amount) in all {
            guard let control = CgroupControl(name: resource.rawValue) else { continue }
            controls[control] = UInt64(exactly: (resource == .cpu ? amount * 1000 : amount).rounded())
        }
        return controls
    }
}
