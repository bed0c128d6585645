import CLinux
import Foundation
import Glibc
import OrchProtocol
import TestSupport
import Testing

/// Promise 4, for processes that try to escape: after a stop, a timeout or an exit nothing is left, with and without cgroups.
@Suite(.onThreads, .serialized) struct EscapeTests {
    /// A way to escape: a script whose processes write their numbers to files, `$HOME/NAME.*`.
    struct Escape: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        /// How many files there will be.
        var count = 1
        var testDescription: String { name }
    }

    /// Who ends the task.
    enum Ending: CaseIterable { case exit, stop, timeout }

    private static let sleeper = #"echo $$ > "$1.$$"; exec sleep 1000"#
    private static func child(_ name: String, before: String = "") -> String {
        "sh -c '\(before)\(sleeper)' \(name) $HOME/\(name)"
    }

    // It takes its mark off only when it has written its file: an orphan without one is killed on sight.
    private static let unmarked =
        "sh -c 'echo $$ > \"$1.$$\"; exec prlimit --rttime=1000000 sleep 1000' unmarked $HOME/unmarked"
    private static func quoted(_ script: String) -> String { script.replacing("'", with: #"'"'"'"#) }

    static let escapes = [
        Escape(name: "double", script: "(\(child("double")) & ) ; (\(child("double")) &)", count: 2),
        Escape(name: "session", script: "setsid -f \(child("session"))"),
        Escape(
            name: "daemon",
            script: "cd /; (setsid -f env -i /bin/\(child("daemon")) <&- > /dev/null 2>&1 &)"),
        Escape(name: "deaf", script: "\(child("deaf", before: #"trap "" TERM HUP INT QUIT; "#)) & trap '' TERM HUP INT QUIT"),
        Escape(name: "stopped", script: #"setsid -f sh -c 'echo $$ > $HOME/stopped.$$; kill -STOP $$; sleep 1000'"#),
        Escape(name: "holder", script: "setsid -f \(child("holder")) 2>&1 | cat & \(child("holder")) &", count: 2),
        Escape(
            name: "unmarked", script: "setsid -f \(unmarked); \(unmarked) &", count: 2),
        Escape(
            name: "deep", script: "\(child("deep")) & (setsid sh -c '\(quoted(child("deep"))) & wait' & wait) &", count: 2),
    ]

    @Test(arguments: [false, true]) func nothingIsLeft(cgroups: Bool) throws {
        guard let place = try CgroupPlace(cgroups) else { return print("NOT TESTED: cgroups, which take root and cgroup2") }
        let daemon = try Daemon(
            pool: "slots = \(Self.escapes.count)\ngrace = \"100ms\"", directory: place.directory, prefix: place.prefix)
        #expect(try daemon.status().supervisor.cgroups == cgroups)
        for _ in 0..<Torture.amount(1, full: 20) {
            for ending in Ending.allCases { try perform(ending, daemon) }
        }
        try daemon.finish()
    }

    /// Lets all of them escape at once, and ends them.
    private func perform(_ ending: Ending, _ daemon: Daemon) throws {
        let ids = try Self.escapes.map { escape in
            // It says that it is alive until all have escaped, however long that takes on a busy machine.
            let escaped = "[ $(cat $HOME/\(escape.name).* 2> /dev/null | wc -l) -ge \(escape.count) ]"
            let wait = "until \(escaped); do echo; sleep 0.01; done"
            let last = ending == .exit ? "exit 4" : "while :; do sleep 1; done"
            return try daemon.shell("\(escape.script)\n\(wait)\n\(last)") {
                $0.env = ["HOME": daemon.directory.path]
                if ending == .timeout { $0.idleTimeout = 2 }
            }
        }
        for escape in Self.escapes {
            try eventually("\(escape.name): \(escape.count) processes") { names(daemon, escape.name).count == escape.count }
        }
        if ending == .stop { #expect(try daemon.orchctl("stop", "--all").status == 0) }
        for (escape, id) in zip(Self.escapes, ids) { try check(escape, try daemon.end(of: id), ending, daemon) }
    }

    private func check(_ escape: Escape, _ record: TaskRecord, _ ending: Ending, _ daemon: Daemon) throws {
        let outcome = record.attempts.last?.outcome
        let wanted: Outcome.Kind =
            switch ending {
            case .exit: .exited
            case .stop: .cancelled
            case .timeout: .idleTimeout
            }
        #expect(outcome?.kind == wanted && (ending != .exit || outcome?.code == 4), "\(escape.name): \(record)")
        let names = names(daemon, escape.name)
        let pids = names.compactMap { pid_t($0.split(separator: ".").last ?? "") }
        if escape.name == "unmarked" {
            // One that does not say whose it is cannot be waited for, but it does not survive either.
            try eventually("\(escape.name), \(ending): the end of \(pids.map(describe))") { !pids.contains(where: isAlive) }
        } else {
            let left = pids.filter(isAlive)
            #expect(left.isEmpty, "\(escape.name), \(ending): \(left.map(describe))")
        }
        for name in names { unlink(daemon.directory.file(name)) }
    }

    private func names(_ daemon: Daemon, _ name: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: daemon.directory.path)) ?? []
        // A name with its number, and that number written.
        return all.filter { $0.hasPrefix(name + ".") && daemon.directory.text($0)?.hasSuffix("\n") == true }
    }

    @Test(arguments: [false, true]) func aForkBombIsEnded(cgroups: Bool) throws {
        guard let place = try CgroupPlace(cgroups) else { return print("NOT TESTED: cgroups, which take root and cgroup2") }
        guard geteuid() == 0 else { return print("NOT TESTED: a fork bomb, which has a user of its own and so takes root") }
        let bomb = try Fault.compiled("bomb.c", as: "orchd-bomb", "")
        let own = place.directory.file("bomb")
        try FileManager.default.copyItem(atPath: bomb, toPath: own)
        let daemon = try Daemon(
            pool: "slots = 2\ngrace = \"100ms\"", directory: place.directory, prefix: place.prefix)
        for _ in 0..<Torture.amount(1, full: 10) {
            for ending in Torture.isFull ? Ending.allCases : [.exit] {
                for kind in ["spread 100", "hop 8"] { try explode("\(own) \(kind)", ending, daemon) }
            }
        }
        try daemon.finish()
    }

    @Test(arguments: ["spread 100", "hop 8"]) func aForkBombEndsWithTheSupervisor(kind: String) throws {
        guard geteuid() == 0 else { return print("NOT TESTED: a fork bomb, which has a user of its own and so takes root") }
        let daemon = try Daemon()
        let bomb = daemon.directory.file("bomb")
        try FileManager.default.copyItem(atPath: try Fault.compiled("bomb.c", as: "orchd-bomb", ""), toPath: bomb)
        for _ in 0..<Torture.amount(1, full: 10) {
            let id = try daemon.shell("exec \(bomb) \(kind)")
            try eventually("a bomb") { processesNaming(bomb).count >= 4 }
            kill(try daemon.supervisor, SIGKILL)
            #expect(try daemon.end(of: id).attempts.last?.outcome?.kind == .lost)
            let left = processesNaming(bomb)
            #expect(left.isEmpty, "left are \(left.map(describe))")
        }
        try daemon.finish()
    }

    private func explode(_ bomb: String, _ ending: Ending, _ daemon: Daemon) throws {
        let program = String(bomb.prefix { $0 != " " })
        let count = bomb.contains("spread") ? 90 : 4
        let id = try daemon.shell(ending == .exit ? "\(bomb) & sleep 0.5; exit 4" : "exec \(bomb)") {
            if ending == .timeout { $0.timeout = 0.5 }
        }
        if ending == .stop { try eventually("a bomb") { processesNaming(program).count >= count } }
        let start = milliseconds()
        if ending == .stop { #expect(try daemon.orchctl("stop", String(id)).status == 0) }
        // Others are served meanwhile.
        #expect(try daemon.end(of: daemon.submit("true")).state == .succeeded)
        let others = milliseconds()
        let record = try daemon.end(of: id)
        let left = processesNaming(program)
        #expect(left.isEmpty, "\(bomb), \(ending): left are \(left.map(describe))")
        #expect(record.state == (ending == .stop ? .cancelled : .failed))
        print("\(ending) of \(bomb): \(Int(milliseconds() - start)) ms; another task: \(Int(others - start)) ms")
    }
}

/// A directory for a daemon, and a cgroup for it where there is to be one: as a service manager would hand it over.
private final class CgroupPlace {
    let directory: Directory
    let prefix: [String]
    private let cgroup: String?

    private static let root = "/sys/fs/cgroup/unified"

    /// Nil where there are no cgroups to be had.
    init?(_ wanted: Bool) throws {
        directory = try Directory()
        guard wanted else {
            (prefix, cgroup) = ([], nil)
            return
        }
        guard geteuid() == 0, access(Self.root + "/cgroup.procs", W_OK) == 0 else { return nil }
        let path = Self.root + "/" + (directory.path.split(separator: "/").last ?? "orchd-system")
        var mark = UInt8(ascii: "1")
        guard mkdir(path, 0o755) == 0, setxattr(path, "trusted.delegate", &mark, 1, 0) == 0 else {
            throw Failure("\(path): \(String(cString: strerror(errno)))")
        }
        cgroup = path
        prefix = ["/bin/sh", "-c", #"echo 0 > "$0/cgroup.procs" && exec "$@""#, path]
    }

    deinit {
        for name in ["/tasks", "/supervisor", ""] { if let cgroup { rmdir(cgroup + name) } }
    }
}
