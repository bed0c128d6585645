import Glibc

/// Kills processes that may start others faster than one can kill them: first all are stopped, since a stopped process starts
/// none, until no more are found; then they are killed. For where there is no cgroup to do it.
struct TreeKiller {
    /// How often to look for more. Each time it is only what was started since the last time.
    private static let maximumRounds = 100

    /// In the order in which they were found.
    private var stopped: [ProcessHandle] = []
    private var known: Set<pid_t> = []

    /// Kills all processes below some, and these themselves.
    ///
    /// - Parameters:
    ///   - roots: children of ours that have not been reaped; asked for again each time, since what is orphaned becomes one.
    ///   - leader: a process to leave alone.
    static func kill(except leader: pid_t, below roots: () -> [pid_t]) {
        var killer = TreeKiller()
        killer.known = [leader]
        for _ in 0..<maximumRounds {
            let found = ProcessTree.handles(below: roots(), except: killer.known)
            guard !found.isEmpty else { break }
            for handle in found { killer.stop(handle) }
        }
        // The youngest first: a parent that dies before its stopped child can make the kernel continue it.
        for handle in killer.stopped.reversed() { handle.signal(SIGKILL) }
    }

    private mutating func stop(_ handle: ProcessHandle) {
        handle.signal(SIGSTOP)
        known.insert(handle.pid)
        stopped.append(handle)
    }
}
