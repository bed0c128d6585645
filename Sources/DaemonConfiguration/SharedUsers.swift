import Scheduling
import Settings
import SupervisorLink
import Text

/// What the file of a pool promises about its tasks. The kernel keeps users apart and knows of no pools: a task may read the memory, the
/// secrets and the files of every other one of its user. So a promise is worth what it is worth in the laxest pool of that user.
private enum Promise: CaseIterable {
    case programs, credentials, allow, readOnly, network, doors, fullAccess

    /// Whether tasks of another pool with the same user could do what this pool's promise rules out.
    func isBroken(by other: PoolConfiguration, of pool: PoolConfiguration) -> Bool {
        switch self {
        case .programs: !Self.isWithin(other.settings.programs, pool.settings.programs)
        case .credentials: !Set(pool.credentials.map(\.name)).isSubset(of: other.credentials.map(\.name))
        case .allow:
            !Self.isWithin(other.settings.access.map { Array($0.users) }, pool.settings.access.map { Array($0.users) })
                || !Self.isWithin(other.settings.access.map { Array($0.groups) }, pool.settings.access.map { Array($0.groups) })
        case .readOnly: !Self.isWithin(other.sandbox.writable, pool.sandbox.writable)
        case .network: pool.sandbox.noNetwork && !other.sandbox.noNetwork
        // Who has the user's rights can speak by the mouth of a task that has a door.
        case .doors: pool.settings.spawn != nil && other.settings.spawn == nil
        case .fullAccess: pool.hasFullAccess && !other.hasFullAccess
        }
    }

    /// Nothing said is everything.
    private static func isWithin<Element: Hashable>(_ others: [Element]?, _ own: [Element]?) -> Bool {
        guard let own else { return true }
        return others.map { Set($0).isSubset(of: own) } ?? false
    }

    /// What a task of the other pool can do.
    func harm(to pool: String) -> String {
        switch self {
        case .programs: "run what programs of \"\(pool)\" does not list, with the rights of its tasks"
        case .credentials: "read the credentials of \"\(pool)\""
        case .allow: "reach the tasks of \"\(pool)\", though allow keeps its submitter out"
        case .readOnly: "write where read_only keeps the tasks of \"\(pool)\" from writing"
        case .network: "reach the network for the tasks of \"\(pool)\""
        case .doors: "use the doors of tasks of \"\(pool)\""
        case .fullAccess: "use the daemon through the tasks of \"\(pool)\""
        }
    }
}

extension Configuration {
    /// The pools whose promises another pool of the same user breaks, each with what to do.
    ///
    /// - Parameters:
    ///   - defaultUser: of pools that name none.
    ///   - clientGroup: whose members may talk to the daemon.
    public func sharedUserFaults(
        defaultUser: String, clientGroup: String, file: String
    ) -> [ConfigurationError.Fault] {
        let runners = Runners(adminGroups: adminGroups, clientGroup: clientGroup)
        let users = pools.map { pool -> Set<UInt32> in
            guard pool.settings.runsAsSubmitter else {
                return Set([Runner(named: pool.user ?? defaultUser)?.uid].compactMap(\.self))
            }
            return Set(runners.all(admittedBy: pool.settings.access).map(\.uid))
        }
        let places = Array(zip(pools, users))
        return places.compactMap { pool, own in
            // What a submitter's task may do, its submitter may do anyway.
            guard !pool.settings.runsAsSubmitter else { return nil }
            for (other, others) in places where other.settings.name != pool.settings.name && !own.isDisjoint(with: others) {
                guard let promise = Promise.allCases.first(where: { $0.isBroken(by: other, of: pool) }) else { continue }
                return fault(pool, other, promise, user: pool.user ?? defaultUser, file: file)
            }
            return nil
        }
    }

    private func fault(
        _ pool: PoolConfiguration, _ other: PoolConfiguration, _ promise: Promise, user: String, file: String
    ) -> ConfigurationError.Fault {
        let (name, laxer) = (pool.settings.name, other.settings.name)
        let place = userPlaces[name]
        let directory = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return .init(
            file: place?.file ?? "\(directory)/pools.d/\(name).toml", line: place?.line,
            problem: """
                tasks of the pools "\(name)" and "\(laxer)" run as the same user, \(user), so a task of "\(laxer)" can \
                \(promise.harm(to: name)); give the pool "\(name)" a user of its own: orchctl pool user \(name)
                """)
    }
}
