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

extension TaskRouter {
    func admits(_ requester: Requester, to pool: String) -> Bool {
        canRun(tasksOf: requester.uid, in: pool) && pools[pool]?.access?.admits(requester) ?? true
    }

    /// Whether a task that others have started may be in a pool, however it would come there: this is the only place that decides it.
    ///
    /// - Parameter rights: nil for a task that stands alone.
    func checkRights(_ rights: SpawnRights?, to pool: String, field: @autoclosure () -> String) throws(WireError) {
        guard let complaint = rights?.complaint(about: pool) else { return }
        throw WireError(.forbidden, "a task below others may not be in the pool \"\(pool)\": \(complaint)", field: field())
    }

    /// The pools that the children of a task may be in.
    ///
    /// - Parameter ancestors: the task, and all above it.
    public func pools(below ancestors: [TaskItem]) -> Set<String> { SpawnRights(ancestors, pools: pools).pools }

    /// Nothing runs as root.
    private func canRun(tasksOf submitter: UInt32, in pool: String) -> Bool {
        submitter != 0 || !(pools[pool]?.runsAsSubmitter ?? false)
    }

    /// - Parameter submitter: of the task, where that is not the requester.
    /// - Throws: ``WireError`` with the code `forbidden`, or `invalid_parameter`.
    func checkAccess(
        _ requester: Requester, to pool: String, for submitter: UInt32? = nil, field: @autoclosure () -> String
    ) throws(WireError) {
        guard canRun(tasksOf: submitter ?? requester.uid, in: pool) else {
            throw WireError(
                .invalidParameter,
                "the pool \"\(pool)\" runs each task as its submitter, but never as root; submit it as another user",
                field: field())
        }
        guard let access = pools[pool]?.access, !access.admits(requester) else { return }
        let whom = access.names.isEmpty ? "administrators only" : "\(access.names.joined(separator: ", ")) and administrators"
        throw WireError(.forbidden, "the pool \"\(pool)\" is for \(whom), not for uid \(requester.uid)", field: field())
    }
}
