import CLinux
import Glibc
import Platform
import SupervisorLink

/// Removals of workspaces: a few at once, the others in no particular order.
struct WorkspaceRemovals {
    static let maximumRunning = 2
    static let maximumWaiting = 16_384

    struct Removal: Hashable {
        let folder: String
        let name: String
    }

    struct Running {
        let removal: Removal
        let process: SpawnedProcess
        let token: EventLoop<Supervisor.Source>.Token
    }

    private var waiting: [Removal] = []
    private var asked: Set<Removal> = []
    private var running: [pid_t: Running] = [:]

    var isIdle: Bool { running.isEmpty }
    func isRunning(_ pid: pid_t) -> Bool { running[pid] != nil }

    /// Those that have not ended.
    var unfinished: [Removal] { running.values.map(\.removal) + waiting }

    mutating func add(_ removal: Removal) {
        guard waiting.count < Self.maximumWaiting, asked.insert(removal).inserted else { return }
        waiting.append(removal)
    }

    /// The next one, if it may be started.
    mutating func next() -> Removal? {
        guard running.count < Self.maximumRunning, !waiting.isEmpty else { return nil }
        return waiting.removeLast()
    }

    mutating func started(_ helper: Running) { running[helper.process.pid] = helper }

    mutating func failed(_ removal: Removal) { asked.remove(removal) }

    mutating func ended(_ pid: pid_t) -> Running? {
        guard let helper = running.removeValue(forKey: pid) else { return nil }
        asked.remove(helper.removal)
        return helper
    }
}

extension Supervisor {
    /// Removes a workspace, as the user whose it is: root walks no tree that others can change.
    func discard(pool: String, name: String) {
        for folder in workspaces.folders(of: pool) { discard(folder: folder, name: name) }
    }

    private func discard(folder: String, name: String) {
        // Most are gone already, and a process for each of a million old tasks would be a long time's work for nothing.
        guard workspaces.exists(folder: folder, name: name),
            !running.values.contains(where: { $0.folder == folder && $0.name == name })
        else { return }
        workspaces.forgetSpare(folder: folder, name: name)
        workspaceRemovals.add(WorkspaceRemovals.Removal(folder: folder, name: name))
    }

    /// Removes what forgotten tasks have left in a pool.
    func sweep(_ pool: String, tasksBelow: UInt64, workersBelow: UInt64) {
        for folder in workspaces.folders(of: pool) {
            for name in workspaces.names(in: folder) {
                let isOutlived =
                    isWorkerName(name)
                    ? UInt64(name.dropFirst()).map { $0 < workersBelow } ?? false
                    : UInt64(name.prefix { $0 != "." }).map { $0 < tasksBelow } ?? false
                if isOutlived, isAttemptName(name) { discard(folder: folder, name: name) }
            }
        }
    }

    func startHelpers() {
        while !isStopping, replaceAskedAt == nil, let removal = workspaceRemovals.next() {
            do {
                try start(removal)
            } catch {
                workspaceRemovals.failed(removal)
                Log.error("cannot remove the workspace \(removal.folder)/\(removal.name): \(error)")
            }
        }
    }

    private func start(_ removal: WorkspaceRemovals.Removal) throws {
        let path = workspaces.path(folder: removal.folder, name: removal.name)
        var plan = SpawnPlan(
            candidates: ["/bin/rm"], arguments: ["rm", "-rf", "--one-file-system", "--", ByteString(path)],
            environment: ["PATH=\(ProgramSearch.defaultPath)"], directory: "/")
        if geteuid() == 0, policyCheck.policy != nil {
            // The pool may have another user by now, or be gone.
            guard let owner = workspaces.owner(of: removal.folder), owner != 0 else {
                throw StartFailure(message: "it is not a task's")
            }
            plan.identity = Identity(user: owner, group: Self.nobodysGroup, supplementary: [])
        }
        plan.limits = [descriptorLimit]
        let process = try spawn(plan)
        do {
            let token = try loop.add(process.pidfd, .read, .helper(process.pid))
            workspaceRemovals.started(WorkspaceRemovals.Running(removal: removal, process: process, token: token))
        } catch {
            process.signal(SIGKILL)
            _ = process.end()
            throw error
        }
    }

    /// What the kernel shows for groups that it cannot map (user_namespaces(7)): nothing belongs to it.
    private static let nobodysGroup: UInt32 = 65_534

    func helperEnded(_ pid: pid_t) {
        guard !successorEnded(pid), let helper = workspaceRemovals.ended(pid) else { return }
        loop.remove(helper.token)
        if helper.process.end() != 0 {
            Log.error("the workspace \(helper.removal.folder)/\(helper.removal.name) could not be removed completely")
        }
    }
}
