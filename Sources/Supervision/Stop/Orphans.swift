import CLinux
import Glibc
import Platform
import SupervisorLink

/// Where there are no cgroups: finds which attempt an orphaned process belongs to, whatever it did to hide.
///
/// The supervisor is the subreaper of its descendants, so an orphan becomes its child. Which attempt it came from is told by a
/// resource limit, see `ProcessMark`.
final class Orphans {
    static let markedResource = ProcessMark.markedResource
    let base: UInt64
    private let listing: Descriptor?
    /// What orphans said when first seen. A number is not used again before we have reaped the process.
    private var owners: [pid_t: UInt64?] = [:]

    init() {
        var soft: UInt64 = 0
        var hard: UInt64 = .max
        _ = linux_get_limit(Self.markedResource, &soft, &hard)
        // Under another supervisor the limit is its mark, and may only be lowered.
        base = hard == .max ? 1 << 62 : hard / 2
        let pid = getpid()
        listing = try? Descriptor(opening: "/proc/self/task/\(pid)/children", O_RDONLY)
    }

    /// The limit that marks the processes of an attempt.
    func mark(of attempt: UInt64) -> spawn_limit {
        spawn_limit(resource: Self.markedResource, soft: base + attempt, hard: base + attempt)
    }

    /// All children of the supervisor, dead ones included. Nobody but us takes one off the list, so none is skipped.
    func children() -> [pid_t] {
        guard let listing else { return ProcessTree.children(of: getpid()) }
        return SmallFile.read(listing, limit: 1 << 24)?.decimalNumbers ?? []
    }

    /// The attempt that an orphan came from; nil if it does not say.
    func owner(of pid: pid_t) -> UInt64? {
        if let known = owners[pid] { return known }
        let owner = readMark(pid)
        owners[pid] = .some(owner)
        return owner
    }

    func forget(_ pid: pid_t) { owners[pid] = nil }

    private func readMark(_ pid: pid_t) -> UInt64? {
        guard let hard = ProcessTraits.realtimeLimit(of: pid), hard > base, hard != .max else { return nil }
        return hard - base
    }
}
