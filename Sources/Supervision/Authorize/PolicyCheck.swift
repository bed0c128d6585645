import Platform
import SupervisorLink
import Text

/// Decides about an order before anything is done for it.
struct PolicyCheck {
    /// Nil in a foreground run: any pool, as the user of the supervisor.
    var policy: Policy?
    /// The supervisor's own oom_score_adj.
    let ownOOMScore: Int32
    /// Whom nothing runs as: a task as the engine's user could read the queue, and pretend to be the engine.
    var engineUser: UInt32?

    enum Verdict: Equatable {
        case allowed(Identity?, programs: [ByteString])
        case refused(EndReport.Refusal)
    }

    func check(_ order: LaunchOrder) -> Verdict {
        guard order.nice >= 0 else { return .refused(.nice) }
        // 0 asks for nothing: below a supervisor that was itself given a higher score (in a container), it means the same.
        guard order.oomScoreAdjust >= ownOOMScore || order.oomScoreAdjust == 0 else { return .refused(.oomScore) }
        let programs = ProgramSearch.candidates(for: order.arguments[0], environment: environment(of: order))
        guard let policy else { return .allowed(nil, programs: programs) }
        guard let pool = policy.pools[order.pool] else { return .refused(.unknownPool) }
        guard let identity = pool.runners.identity(for: order), identity.user != engineUser else { return .refused(.user) }
        if let repository = order.repository, !pool.repositories.contains(Array(repository.utf8)) {
            return .refused(.repository)
        }
        guard pool.limits.allSatisfy({ order.controls[$0.key] ?? 0 <= $0.value }) else { return .refused(.limit) }
        guard order.sandbox.isWithin(pool.sandbox) else { return .refused(.sandbox) }
        guard pool.hasDoors || !order.hasDoor else { return .refused(.door) }
        guard !pool.programs.isEmpty else { return .allowed(identity, programs: programs) }
        guard order.directory.isEmpty || pool.directories.contains(where: { order.directory.isBelow($0) }) else {
            return .refused(.directory)
        }
        guard order.noNewPrivileges, order.descriptors.allSatisfy({ (0...LaunchOrder.lastUsualDescriptor).contains($0) }) else {
            return .refused(.program)
        }
        let permitted = programs.filter { pool.programs.contains($0.bytes) }
        return permitted.isEmpty ? .refused(.program) : .allowed(identity, programs: permitted)
    }
}

extension Policy.Runners {
    /// Nil if an attempt of this order may not run as whom it says, or as the one user that it does not expect.
    func identity(for order: LaunchOrder) -> Identity? {
        switch (self, order.submitter) {
        case (.one(let identity), nil): identity
        case (.submitters(let identities), let user?): identities[user]
        default: nil
        }
    }
}

extension PolicyCheck {
    /// What the cgroup of an attempt is kept to: what its order says, and where that says nothing what its pool may have.
    func controls(of order: LaunchOrder) -> [CgroupControl: UInt64] {
        guard let limits = policy?.pools[order.pool]?.limits, !limits.isEmpty else { return order.controls }
        return order.controls.merging(limits) { asked, _ in asked }
    }

    // MARK: Environment

    /// What an attempt finds in its environment by its order.
    ///
    /// What a program does is decided by its variables as much as by its name: `LD_PRELOAD`, `PATH`, `NODE_OPTIONS`. So in a pool with
    /// programs the policy says all of them, except those about the task.
    func environment(of order: LaunchOrder) -> [ByteString] {
        guard let pool = policy?.pools[order.pool], !pool.programs.isEmpty else { return order.environment }
        let given = order.environment.filter { variable in
            Self.ownVariables.contains { variable.hasPrefix($0) } || pool.openVariables.contains { $0.has(variable) }
        }
        return pool.variables + given
    }

    private static let ownVariables: [ByteString] = [
        "ORCH_TASK_ID=", "ORCH_ATTEMPT=", "ORCH_POOL=", "ORCH_MODEL=", "ORCH_THINKING=", "ORCH_ROUTE=", "ORCH_BRANCH=",
        "ORCH_WORKER_FD=",
    ]

    /// What processes find in their environment, unless their order says it.
    func account(of identity: Identity?) -> Account? {
        guard let policy else { return .own }
        return identity.flatMap { policy.accounts[$0.user] }
    }

    /// What the policy says; in a foreground run, and for a user's own daemon, what the order does.
    func credentials(of order: LaunchOrder) -> [CredentialGrant] {
        policy.map { $0.pools[order.pool]?.credentials ?? [] } ?? order.credentials
    }
}
