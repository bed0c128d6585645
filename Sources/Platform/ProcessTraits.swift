import CLinux
import Glibc

/// What a process cannot choose freely, and others can look at.
public enum ProcessTraits {
    /// Its cgroup in the version 2 hierarchy; nil if there is no such process, or no such hierarchy.
    public static func cgroup(of pid: pid_t) -> String? {
        SmallFile.text("/proc/\(pid)/cgroup").flatMap(versionTwo)
    }

    /// That of this process.
    public static var ownCgroup: String? { SmallFile.text("/proc/self/cgroup").flatMap(versionTwo) }

    private static func versionTwo(_ text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) }
    }

    /// Its hard RLIMIT_RTTIME. Nil if there is no such process; `UInt64.max` is "unlimited".
    public static func realtimeLimit(of pid: pid_t) -> UInt64? {
        var hard: UInt64 = 0
        // Needs no descriptor, of which there may be none left.
        if linux_hard_limit_of(pid, 15, &hard) == 0 { return hard }
        // That of another user's process we may not ask for.
        guard let limits = SmallFile.text("/proc/\(pid)/limits"),
            let line = limits.split(separator: "\n").first(where: { $0.hasPrefix("Max realtime timeout") })
        else { return nil }
        let words = line.split(separator: " ")
        return words.count >= 5 ? UInt64(words[4]) ?? .max : nil
    }
}
