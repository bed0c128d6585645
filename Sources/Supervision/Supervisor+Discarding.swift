import CLinux
import Glibc
import SupervisorLink

extension Supervisor {
    /// Removes a workspace, as the user whose it is: root walks no tree that others can change.
    func discard(pool: String, name: String) {
        // Most are gone already, and a process for each of a million old tasks would be a long time's work for nothing.
        guard workspaces.exists(pool: pool, name: name),
            !running.values.contains(where: { $0.pool == pool && $0.name == name })
        else { return }
        workspaces.forgetSpare(pool: pool, name: name)
        helpers.add(Helpers.Removal(pool: pool, name: name))
    }

    /// Removes what forgotten tasks have left in a pool.
    func sweep(_ pool: String, tasksBelow: UInt64, workersBelow: UInt64) {
        for name in workspaces.names(in: pool) {
            let isOutlived =
                isWorkerName(name)
                ? UInt64(name.dropFirst()).map { $0 < workersBelow } ?? false
                : UInt64(name.prefix { $0 != "." }).map { $0 < tasksBelow } ?? false
            if isOutlived, isAttemptName(name) { discard(pool: pool, name: name) }
        }
    }

    func startHelpers() {
        while !isStopping, replaceAskedAt == nil, let removal = helpers.next() {
            do {
                try start(removal)
            } catch {
                helpers.failed(removal)
                Log.error("cannot remove the workspace \(removal.pool)/\(removal.name): \(error)")
            }
        }
    }

    private func start(_ removal: Helpers.Removal) throws {
        var identity: Policy.Identity?
        if let policy = judge.policy {
            guard let pool = policy.pools[removal.pool] else { throw StartFailure(message: "no such pool") }
            identity = isOwn(pool.identity) ? nil : pool.identity
        }
        let path = workspaces.path(pool: removal.pool, name: removal.name)
        var plan = SpawnPlan(
            candidates: ["/bin/rm"], arguments: ["rm", "-rf", "--one-file-system", "--", path],
            environment: ["PATH=\(ProgramSearch.defaultPath)"], directory: "/")
        plan.identity = identity
        plan.limits = [descriptorLimit]
        let process = try spawn(plan)
        do {
            let token = try loop.add(process.pidfd, .read, .helper(process.pid))
            helpers.started(Helpers.Running(removal: removal, process: process, token: token))
        } catch {
            var ended = linux_exit()
            _ = linux_pidfd_signal(process.pidfd.number, SIGKILL)
            _ = linux_wait_pidfd(process.pidfd.number, true, &ended)
            throw error
        }
    }

    func helperEnded(_ pid: pid_t) {
        guard let helper = helpers.ended(pid) else { return }
        loop.remove(helper.token)
        var ended = linux_exit()
        _ = linux_wait_pidfd(helper.process.pidfd.number, false, &ended)
        if ended.signalled || ended.code != 0 {
            Log.error("the workspace \(helper.removal.pool)/\(helper.removal.name) could not be removed as a whole")
        }
    }
}
