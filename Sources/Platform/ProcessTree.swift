import CLinux
import Glibc

/// Who is whose parent, at one moment.
public enum ProcessTree {
    /// Whether the kernel lists the children of a process (CONFIG_PROC_CHILDREN, as Debian's does).
    private static let hasListings = access("/proc/thread-self/children", R_OK) == 0

    /// The children of a process, dead ones included. Costs as much as it has, however many processes the machine has.
    public static func children(of pid: pid_t) -> [pid_t] {
        guard hasListings else { return childrenByParent()[pid] ?? [] }
        guard let threads = try? Descriptor(opening: "/proc/\(pid)/task", O_RDONLY | O_DIRECTORY) else { return [] }
        return directoryNames(in: threads).flatMap { SmallFile.read("\($0)/children", in: threads)?.decimalNumbers ?? [] }
    }

    /// The processes below these, and these themselves.
    public static func descendants(of roots: [pid_t]) -> [pid_t] {
        let all = hasListings ? nil : childrenByParent()
        var found = roots
        var seen = Set(roots)
        var index = 0
        while index < found.count {
            let children = all.map { $0[found[index]] ?? [] } ?? children(of: found[index])
            for child in children where seen.insert(child).inserted { found.append(child) }
            index += 1
        }
        return found
    }

    /// Sends signals to the processes below these roots, which must be children of ours that have not been reaped.
    public static func signal(_ numbers: [Int32], below roots: [pid_t], except leader: pid_t) {
        var done: Set<pid_t> = [leader]
        // Twice, for those that were started while the first listing was read.
        for _ in 0..<2 {
            for handle in handles(below: roots, except: done) {
                done.insert(handle.pid)
                for number in numbers { handle.signal(number) }
            }
        }
    }

    /// The same processes that were listed, held: these, and all below them.
    public static func handles(below roots: [pid_t], except known: Set<pid_t>) -> [ProcessHandle] {
        descendants(of: roots).filter { !known.contains($0) }.compactMap { pid in
            // The same number with the same parent after the handle was opened: it is the process that was listed.
            guard let parent = parent(of: pid), let handle = ProcessHandle(pid), self.parent(of: pid) == parent else {
                return nil
            }
            return handle
        }
    }

    private static func childrenByParent() -> [pid_t: [pid_t]] {
        var children: [pid_t: [pid_t]] = [:]
        for pid in all { if let parent = parent(of: pid) { children[parent, default: []].append(pid) } }
        return children
    }

    /// The processes that there are.
    public static var all: [pid_t] {
        guard let proc = try? Descriptor(opening: "/proc", O_RDONLY | O_DIRECTORY) else { return [] }
        return directoryNames(in: proc).compactMap { pid_t($0) }
    }

    /// Field 4 of /proc/PID/stat. The name before it, in parentheses, may contain anything.
    public static func parent(of pid: pid_t) -> pid_t? {
        guard let stat = SmallFile.read("/proc/\(pid)/stat") else { return nil }
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let words = stat[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 2)
        return words.count == 3 ? pid_t(String(decoding: words[1], as: UTF8.self)) : nil
    }
}

/// A process that may not be our child, held so that its number cannot come to mean another.
public struct ProcessHandle {
    public let pid: pid_t
    private let pidfd: Descriptor

    /// Nil if there is no such process any more.
    public init?(_ pid: pid_t) {
        guard let pidfd = try? Descriptor(linux_pidfd_open(pid), "hold process \(pid)") else { return nil }
        self.pid = pid
        self.pidfd = pidfd
    }

    public func signal(_ number: Int32) { _ = linux_pidfd_signal(pidfd.number, number) }
}

/// Kills processes that may start others faster than one can kill them: first all are stopped, since a stopped process starts
/// none, until no more are found; then they are killed. For where there is no cgroup to do it.
public struct TreeKiller {
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
    public static func kill(except leader: pid_t? = nil, below roots: () -> [pid_t]) {
        assert(leader != getpid(), "nobody kills the tree that it is in")
        var killer = TreeKiller()
        if let leader { killer.known = [leader] }
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
