import OrchProtocol

/// Who may send tasks to a pool: these, and administrators.
public struct PoolAccess: Sendable, Equatable {
    /// As the configuration says it: `alice`, `@devs`.
    public var names: [String]
    public var users: Set<UInt32>
    public var groups: Set<UInt32>

    public init(names: [String], users: Set<UInt32>, groups: Set<UInt32>) {
        self.names = names
        self.users = users
        self.groups = groups
    }

    func admits(_ requester: Requester) -> Bool {
        requester.isAdministrator || users.contains(requester.uid) || requester.groups.contains(where: groups.contains)
    }
}

extension Chooser {
    func admits(_ requester: Requester, to pool: String) -> Bool { pools[pool]?.access?.admits(requester) ?? true }

    /// - Throws: ``WireError`` with the code `forbidden`.
    func checkAccess(_ requester: Requester, to pool: String, field: String) throws(WireError) {
        guard !admits(requester, to: pool), let access = pools[pool]?.access else { return }
        let whom = access.names.isEmpty ? "administrators only" : "\(access.names.joined(separator: ", ")) and administrators"
        throw WireError(.forbidden, "the pool \"\(pool)\" is for \(whom), not for uid \(requester.uid)", field: field)
    }
}
