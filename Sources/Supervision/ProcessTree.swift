import Glibc

/// Who is whose parent, at one moment.
struct ProcessTree {
    private var children: [pid_t: [pid_t]] = [:]

    init() {
        for pid in Self.all { if let parent = Self.parent(of: pid) { children[parent, default: []].append(pid) } }
    }

    /// The processes that there are.
    static var all: [pid_t] {
        guard let proc = try? OwnedDescriptor(opening: "/proc", O_RDONLY | O_DIRECTORY) else { return [] }
        return directoryNames(in: proc).compactMap { pid_t($0) }
    }

    /// The processes below these, and these themselves.
    func descendants(of roots: [pid_t]) -> [pid_t] {
        var found = roots
        var seen = Set(roots)
        var index = 0
        while index < found.count {
            for child in children[found[index]] ?? [] where seen.insert(child).inserted { found.append(child) }
            index += 1
        }
        return found
    }

    func directChildren(of pid: pid_t) -> [pid_t] { children[pid] ?? [] }

    /// Sends signals to the processes below these roots, which must be children of ours that have not been reaped.
    static func signal(_ numbers: [Int32], below roots: [pid_t], except leader: pid_t) {
        var done: Set<pid_t> = [leader]
        // Twice, for those that were started while the first listing was read.
        for _ in 0..<2 {
            for handle in ProcessTree().handles(below: roots, except: done) {
                done.insert(handle.pid)
                for number in numbers { handle.signal(number) }
            }
        }
    }

    /// The same processes that were listed, held.
    func handles(below roots: [pid_t], except known: Set<pid_t>) -> [ProcessHandle] {
        descendants(of: roots).filter { !known.contains($0) }.compactMap { pid in
            // The same number with the same parent after the handle was opened: it is the process that was listed.
            guard let parent = Self.parent(of: pid), let handle = ProcessHandle(pid), Self.parent(of: pid) == parent
            else { return nil }
            return handle
        }
    }

    /// Field 4 of /proc/PID/stat. The name before it, in parentheses, may contain anything.
    private static func parent(of pid: pid_t) -> pid_t? {
        guard let stat = SmallFile.read("/proc/\(pid)/stat") else { return nil }
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let words = stat[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 2)
        return words.count == 3 ? pid_t(String(decoding: words[1], as: UTF8.self)) : nil
    }
}
