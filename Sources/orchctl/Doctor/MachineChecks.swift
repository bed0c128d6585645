import Glibc
import Presentation

/// The kernel and what it allows.
struct MachineChecks {
    func all() -> [Finding] {
        [
            Self.kernel(release: SystemFile.line("/proc/sys/kernel/osrelease") ?? ""),
            Self.hierarchy(mounts: SystemFile.text("/proc/self/mounts") ?? ""),
            delegation(),
            inotify(),
            Self.descriptors(hard: hardDescriptorLimit()),
        ]
    }

    /// 5.7 has clone3 into a cgroup; 5.14 has cgroup.kill, without which a task that forks quickly is hard to end.
    static func kernel(release: String) -> Finding {
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        guard numbers.count == 2 else { return Finding("kernel", .warn, "unknown release \"\(release)\"") }
        let (major, minor) = (numbers[0], numbers[1])
        if (major, minor) < (5, 7) {
            return Finding("kernel", .fail, "\(release) is too old: pidfds and clone3 are missing", remedy: "use 5.14 or newer")
        }
        if (major, minor) < (5, 14) {
            return Finding("kernel", .warn, "\(release) has no cgroup.kill", remedy: "use 5.14 or newer")
        }
        return Finding("kernel", .ok, release)
    }

    static func hierarchy(mounts: String) -> Finding {
        let lines = mounts.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count > 2 }
        if lines.contains(where: { $0[1] == "/sys/fs/cgroup" && $0[2] == "cgroup2" }) {
            return Finding("cgroup v2", .ok, "mounted")
        }
        let remedy = "boot with systemd.unified_cgroup_hierarchy=1; without it tasks run, but without limits and accounting"
        return Finding("cgroup v2", .warn, "not mounted at /sys/fs/cgroup", remedy: remedy)
    }

    /// Which controllers reach the supervisor: as the system's service, or as a service of this user.
    private func delegation() -> Finding {
        let user = "user.slice/user-\(getuid()).slice/user@\(getuid()).service"
        let places = ["system.slice/orchd-supervisor.service", user]
        for place in places {
            if let controllers = SystemFile.line("/sys/fs/cgroup/\(place)/cgroup.controllers") {
                return Self.delegation(controllers: controllers, place: place)
            }
        }
        return Finding(
            "delegation", .warn, "no cgroup of orchd-supervisor, nor of a user's session",
            remedy: "systemctl start orchd; without it tasks run, but without limits and accounting")
    }

    static func delegation(controllers: String, place: String) -> Finding {
        let present = Set(controllers.split(separator: " ").map(String.init))
        let missing = ["cpu", "memory", "pids"].filter { !present.contains($0) }
        if missing.isEmpty { return Finding("delegation", .ok, "\(place): \(controllers)") }
        return Finding(
            "delegation", .warn, "\(place) lacks \(missing.joined(separator: ", "))",
            remedy: "Delegate=\(["cpu", "memory", "pids"].joined(separator: " ")) in the unit (a drop-in for user@.service)")
    }

    /// orchd watches a file for each attempt whose output is followed.
    private func inotify() -> Finding {
        let instances = SystemFile.number("/proc/sys/fs/inotify/max_user_instances")
        let watches = SystemFile.number("/proc/sys/fs/inotify/max_user_watches")
        guard let instances, let watches else { return Finding("inotify", .warn, "not available") }
        let detail = "\(counted(instances, "instance")), \(counted(watches, "watch", "watches")) for each user"
        if instances >= 64, watches >= 8192 { return Finding("inotify", .ok, detail) }
        return Finding(
            "inotify", .warn, detail, remedy: "sysctl fs.inotify.max_user_instances=128 fs.inotify.max_user_watches=65536")
    }

    private func hardDescriptorLimit() -> UInt64 {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? UInt64(limit.rlim_max) : 0
    }

    static func descriptors(hard: UInt64) -> Finding {
        let detail = hard == .max ? "unlimited" : "at most \(hard) for each process"
        if hard >= 4096 { return Finding("descriptors", .ok, detail) }
        return Finding(
            "descriptors", hard < 256 ? .fail : .warn, detail,
            remedy: "ulimit -n 65536, or LimitNOFILE=65536 in the unit; each client and each running task takes some")
    }
}
