import CLinux
import Foundation
import Glibc

/// What a dead supervisor has left behind: its tasks' processes, which have become children of the launcher.
enum OrphanReaper {
    /// Kills all children of this process but some, and whatever is below them, and returns when they are gone.
    static func end(except own: [pid_t]) {
        while true {
            let strangers = children(of: getpid()).filter { !own.contains($0) }
            guard !strangers.isEmpty else { return }
            // A stopped process starts no other, so they do not become more while they are killed.
            var stopped: Set<pid_t> = []
            while stop(below: strangers, &stopped) {}
            for pid in strangers {
                kill(pid, SIGKILL)
                var status: Int32 = 0
                waitpid(pid, &status, 0)
            }
        }
    }

    /// Whether there was one that was not stopped yet.
    private static func stop(below roots: [pid_t], _ stopped: inout Set<pid_t>) -> Bool {
        var isNew = false
        var parents = roots
        for pid in roots where stopped.insert(pid).inserted {
            kill(pid, SIGSTOP)
            isNew = true
        }
        while let parent = parents.popLast() {
            for pid in children(of: parent) {
                parents.append(pid)
                guard !stopped.contains(pid) else { continue }
                let handle = linux_pidfd_open(pid)
                guard handle >= 0 else { continue }
                defer { close(handle) }
                // Still a child of the same parent now that it is held: it is the one that was listed.
                guard children(of: parent).contains(pid) else { continue }
                _ = linux_pidfd_signal(handle, SIGSTOP)
                stopped.insert(pid)
                isNew = true
            }
        }
        return isNew
    }

    private static func children(of pid: pid_t) -> [pid_t] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.flatMap { thread in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)) ?? ""
            return text.split(separator: " ").compactMap { pid_t($0) }
        }
    }
}
