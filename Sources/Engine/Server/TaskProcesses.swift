import CLinux
import Glibc
import Platform
import SupervisorLink
import Synchronization

/// Tells the processes of tasks from all others, by the mark that the supervisor has put on them.
///
/// With cgroups no process of another user than the supervisor's can get rid of it. In a daemon of one's own, and without cgroups, it holds
/// for everybody who does not mean to go around it.
final class TaskProcesses: Sendable {
    enum Owner: Equatable {
        /// It does not belong to a task.
        case nobody
        /// The process that connected has ended, or cannot be seen from here, so nobody knows.
        case unknown
        /// Of an attempt, by its own id.
        case attempt(Int64)
        /// Of an attempt that is not known any more.
        case former
    }

    private let attempts: LiveAttempts
    private let supervisor: @Sendable () -> ProcessMark?
    /// The last one that was said: while the link is being made again, tasks run on with it.
    private let known = Mutex<ProcessMark?>(nil)

    init(_ attempts: LiveAttempts, supervisor: @escaping @Sendable () -> ProcessMark?) {
        self.attempts = attempts
        self.supervisor = supervisor
    }

    private var mark: ProcessMark? {
        let news = supervisor()
        return known.withLock { known in
            if let news { known = news }
            return known
        }
    }

    /// Whether a task of another user than ours cannot get rid of its mark.
    var areWalls: Bool { if case .cgroup = mark { true } else { false } }

    /// Whose the process is that has connected.
    func owner(of socket: Int32) -> Owner {
        guard let mark else { return .nobody }
        // Held while it is looked at: its number can mean no other process meanwhile.
        guard let held = try? Descriptor(linux_peer_pidfd(socket), "hold the peer") else { return .unknown }
        var peer = linux_peer()
        guard linux_peer_credentials(socket, &peer) == 0, peer.pid > 0 else { return .unknown }
        let owner: Owner
        switch mark {
        case .cgroup(let tasks):
            guard let cgroup = ProcessTraits.cgroup(of: peer.pid) else { return .unknown }
            owner = self.owner(in: cgroup, below: tasks)
        case .limit(let base):
            guard let limit = ProcessTraits.realtimeLimit(of: peer.pid) else { return .unknown }
            owner = self.owner(markedBy: limit, base)
        }
        return linux_pidfd_has_ended(held.number) ? .unknown : owner
    }

    private func owner(in cgroup: String, below tasks: String) -> Owner {
        guard cgroup.hasPrefix(tasks + "/") else { return .nobody }
        let name = cgroup.dropFirst(tasks.count + 1).prefix { $0 != "/" }
        return attempts.attempt(named: String(name)).map { .attempt($0) } ?? .former
    }

    private func owner(markedBy limit: UInt64, _ base: UInt64) -> Owner {
        guard limit > base, limit - base <= LinkProtocol.maximumAttempt else { return .nobody }
        let attempt = Int64(limit - base)
        return attempts.pool(of: attempt) == nil ? .former : .attempt(attempt)
    }
}
