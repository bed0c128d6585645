import Glibc
import OrchClient
import Platform

/// What runs the daemon, and so has to be asked to upgrade it.
enum Host: Equatable {
    /// systemd, of the machine or of a user.
    case systemd(isUser: Bool)
    /// `orchd run`, this process.
    case foreground(pid: Int32)

    /// - Parameter peer: who listens: the engine, or what has made the socket for it and waits for the first client.
    init(peer: (user: UInt32, pid: Int32)) throws {
        for pid in [peer.pid, ProcessTree.parent(of: peer.pid)].compactMap(\.self) {
            let name = SystemFile.line("/proc/\(pid)/comm") ?? ""
            let arguments = (SystemFile.text("/proc/\(pid)/cmdline") ?? "").split(separator: "\0")
            if name == "systemd" {
                self = .systemd(isUser: pid != 1)
                return
            }
            if name == "orchd", arguments.dropFirst().first == "run" {
                self = .foreground(pid: pid)
                return
            }
        }
        throw Failure(
            .failed, "the daemon, process \(peer.pid), was not started by systemd or orchd run",
            hint: "restart the engine as it was started; kill -HUP makes orchd-supervisor execute its new program in place")
    }

    /// - Throws: ``Failure`` where this user may not.
    func checkRights(peer user: UInt32) throws {
        switch self {
        case .systemd(isUser: false) where geteuid() != 0:
            throw Failure(.forbidden, "only root upgrades the system's daemon", hint: "sudo orchctl upgrade")
        case .foreground where geteuid() != 0 && geteuid() != user,
            .systemd(isUser: true) where geteuid() != user:
            throw Failure(.forbidden, "this daemon is that of user \(user)", hint: "have them run: orchctl upgrade")
        default: break
        }
    }

    /// The commands that do it, one after the other; none for a foreground run, which gets a signal.
    var commands: [[String]] {
        guard case .systemd(let isUser) = self else { return [] }
        let systemctl = isUser ? ["systemctl", "--user"] : ["systemctl"]
        return [
            systemctl + ["daemon-reload"], systemctl + ["reload", "orchd-supervisor.service"],
            systemctl + ["restart", "orchd.service"],
        ]
    }

    /// Where it says what went wrong.
    var whereToLook: String {
        switch self {
        case .systemd(let isUser):
            "systemctl \(isUser ? "--user " : "")status orchd orchd-supervisor; orchctl doctor"
        case .foreground: "see what orchd run has printed; orchctl doctor"
        }
    }
}
