import CLinux
import Glibc
import Platform
import SupervisorLink

/// Where the cgroups of attempts go: `tasks/NAME` below a directory that was delegated to us.
final class CgroupTree {
    enum Place: Equatable, Sendable {
        /// The supervisor's own cgroup if it was delegated, otherwise none.
        case auto
        /// The supervisor's own cgroup, which its starter calls delegated: a user's service manager leaves no mark.
        case own
        case none
        case path(String)
    }

    private let tasks: Descriptor
    /// Where the cgroups of attempts are, as /proc/PID/cgroup calls it.
    let mark: String?
    /// What the kernel limits and counts in the cgroups of attempts.
    let controllers: [String]

    /// Nil if cgroups are switched off.
    static func open(_ place: Place, keeping kept: Set<String>) throws(SystemError) -> CgroupTree? {
        switch place {
        case .none: return nil
        case .path(let path):
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError("make the directory \(path)") }
            return try CgroupTree(path, keeping: kept)
        case .auto, .own:
            guard var own = ownCgroup() else { return nil }
            // A new version of the supervisor is in the leaf already.
            if !isDelegated(own), own.hasSuffix("/supervisor") { own.removeLast("/supervisor".count) }
            guard place == .own || isDelegated(own) else { return nil }
            do throws(SystemError) {
                return try CgroupTree(own, keeping: kept)
            } catch {
                Log.error("cgroups are not used: \(error)")
                return nil
            }
        }
    }

    private init(_ path: String, keeping kept: Set<String>) throws(SystemError) {
        let root = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        if Self.ownCgroup() == path {
            // A cgroup with processes in it cannot hand controllers to its children.
            let made = mkdirat(root.number, "supervisor", 0o755) == 0
            guard made || errno == EEXIST else { throw SystemError("make the directory supervisor") }
            try SmallFile.write("0", to: "supervisor/cgroup.procs", in: root)
        }
        guard mkdirat(root.number, "tasks", 0o755) == 0 || errno == EEXIST else {
            throw SystemError("make the directory tasks")
        }
        tasks = try Descriptor(opening: "tasks", in: root, O_RDONLY | O_DIRECTORY)
        mark = Self.cgroup(of: path + "/tasks")
        for level in [root, tasks] { Self.enableControllers(in: level) }
        controllers = Self.words("cgroup.subtree_control", in: tasks).sorted()
        clear(keeping: kept)
    }

    func make(_ name: String, limitedTo controls: [CgroupControl: UInt64]) throws(SystemError) -> Cgroup {
        let cgroup = try Cgroup(in: tasks, name: name)
        do throws(SystemError) {
            try cgroup.limit(to: controls)
        } catch {
            cgroup.remove()
            throw error
        }
        return cgroup
    }

    /// One that was made by a former version of the supervisor.
    func existing(_ name: String) throws(SystemError) -> Cgroup { try Cgroup(existing: name, in: tasks) }

    /// Kills and removes what a former life left behind.
    private func clear(keeping kept: Set<String>) {
        let left = directoryNames(in: tasks).filter { !kept.contains($0) }.compactMap { try? Cgroup(existing: $0, in: tasks) }
        for cgroup in left where cgroup.isPopulated { cgroup.kill() }
        let deadline = Clock.monotonic + 5000
        for cgroup in left {
            while cgroup.isPopulated && Clock.monotonic < deadline { usleep(5000) }
            cgroup.remove()
        }
    }

    /// One by one: which of them there are is the host's choice.
    private static func enableControllers(in directory: Descriptor) {
        let available = words("cgroup.controllers", in: directory)
        for controller in ["cpu", "memory", "io", "pids"] where available.contains(controller) {
            try? SmallFile.write("+\(controller)", to: "cgroup.subtree_control", in: directory)
        }
    }

    private static func words(_ file: String, in directory: Descriptor) -> [String] {
        SmallFile.text(file, in: directory)?.split { $0 == " " || $0 == "\n" }.map(String.init) ?? []
    }

    /// The directory of the supervisor's own cgroup in the version 2 hierarchy.
    private static func ownCgroup() -> String? {
        guard let path = ProcessTraits.ownCgroup else { return nil }
        for mount in mounts() where path.hasPrefix(mount.root) {
            let below = path.dropFirst(mount.root.count)
            return mount.point + (below == "/" ? "" : below)
        }
        return nil
    }

    /// The cgroup of a directory, as /proc/PID/cgroup calls it.
    private static func cgroup(of directory: String) -> String? {
        mounts().first { directory.hasPrefix($0.point + "/") }.map { $0.root + directory.dropFirst($0.point.count) }
    }

    /// Where the version 2 hierarchy, or a part of it, can be seen. The root of the hierarchy is the empty path.
    private static func mounts() -> [(root: String, point: String)] {
        (SmallFile.text("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { mount in
            // 36 35 98:0 /root /mount/point options … - type source options
            let words = mount.split(separator: " ")
            guard words.count > 5, let dash = words.firstIndex(of: "-"), dash + 1 < words.count, words[dash + 1] == "cgroup2"
            else { return nil }
            return (words[3] == "/" ? "" : String(words[3]), String(words[4]))
        }
    }

    /// systemd marks what it hands over. Being able to write is not enough: root can write everywhere, and the cgroup of a login
    /// session holds other processes.
    private static func isDelegated(_ path: String) -> Bool {
        ["user.delegate", "trusted.delegate"].contains { name in
            var value: UInt8 = 0
            return getxattr(path, name, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }
}
