import Glibc
import OrchClient
import OrchProtocol
import Platform
import Presentation

/// The socket, who may use it, and what answers there.
struct DaemonChecks {
    let path: String

    /// The seconds that a daemon has to answer: one that hangs must not hang the doctor.
    private static let patience = 3

    func all() -> [Finding] {
        let (findings, status) = daemon()
        let isOwn = path != SocketPath.system && !findings.contains { $0.verdict == .fail }
        // Of a user's own daemon that answers, neither the service nor who may use it needs to be known.
        let service = isOwn ? [] : ServiceChecks(path: path).all()
        let state = status.map { status in status.stateDirectory.map { [ProgramChecks.storage(of: $0)] } ?? [] } ?? guessed()
        return findings + service + state + (isOwn ? [] : [group()])
    }

    /// Why there is none, or none that answers: as far as its state can be found without it.
    private func guessed() -> [Finding] {
        guard let directory = ProgramChecks.usualStateDirectory else { return [] }
        return StateChecks(directory: directory).all() + [ProgramChecks.storage(of: directory, isGuess: true)]
    }

    private func daemon() -> (findings: [Finding], status: DaemonStatus?) {
        do {
            let connection = try Connection(path: path, patience: Self.patience)
            let socket = [Finding("socket", .ok, path)] + others()
            do {
                let status = try connection.call(
                    .status, deadline: .now + .seconds(Self.patience))
                return (socket + Self.findings(status), status)
            } catch {
                let failure = Failure(error)?.message ?? "\(error)"
                return (socket + [Finding("daemon", .fail, failure, remedy: "journalctl -u orchd -n 50")], nil)
            }
        } catch {
            return ([Finding("socket", .fail, error.description, remedy: Failure(error)?.hint)], nil)
        }
    }

    /// The other daemons that this user could mean.
    private func others() -> [Finding] {
        SocketPath.others(than: path).map {
            Finding("socket", .ok, "another daemon answers at \($0); orchctl --socket \($0) is for that one")
        }
    }

    static func findings(_ status: DaemonStatus) -> [Finding] {
        var findings = [
            Finding("daemon", status.state == .degraded ? .fail : .ok, "orchd \(status.version), \(status.state.rawValue)")
        ]
        findings += status.problems.map { Finding("daemon", .fail, SafeText.line($0)) }
        findings.append(
            status.supervisor.connected
                ? Finding("supervisor", .ok, "connected")
                : Finding("supervisor", .fail, "not connected: no task can start", remedy: "systemctl status orchd-supervisor"))
        if status.supervisor.cgroups == false {
            findings.append(
                Finding(
                    "cgroups", .warn, "the supervisor has no cgroups: limits and accounting are off",
                    remedy: "run it under systemd with Delegate=yes, as orchd-supervisor.service does"))
        }
        let missing = status.supervisor.missingControllers.joined(separator: ", ")
        if !missing.isEmpty {
            findings.append(
                Finding(
                    "cgroups", .warn,
                    "the supervisor has no controller for \(missing): these limits of pools and tasks are off",
                    remedy: "Delegate=cpu io memory pids in its unit; for a user's own instance in user@.service"))
        }
        return findings
    }

    /// Whether this user may use the system's socket.
    private func group() -> Finding {
        guard let id = UserDatabase.group("orch") else {
            return Finding(
                "group orch", .warn, "does not exist",
                remedy: "install the package, or systemd-sysusers; a foreground run (orchd run) needs no group")
        }
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = Int(getgroups(Int32(groups.count), &groups))
        if getuid() == 0 || getegid() == id || groups.prefix(max(0, count)).contains(id) {
            return Finding("group orch", .ok, getuid() == 0 ? "you are root" : "you are a member")
        }
        let name = OwnAccount.name(of: getuid()) ?? "$USER"
        return UserDatabase.members(of: id).contains(name)
            ? Finding("group orch", .warn, "you were added after you logged in", remedy: "log in again, or: newgrp orch")
            : Finding("group orch", .warn, "you are not a member", remedy: "sudo usermod -aG orch \(name), then log in again")
    }
}
