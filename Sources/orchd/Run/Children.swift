import CLinux
import Engine
import Glibc
import Platform
import Text

/// The children of a foreground run: its two processes, and what a dead supervisor has left behind.
enum Children {
    /// How one ended.
    struct Ending {
        var pid: pid_t
        /// The exit status, or 128 and the signal.
        var status: Int32
    }

    /// Starts a program in a session of its own, so that the terminal's Ctrl-C reaches only the launcher.
    ///
    /// - Parameter descriptors: what the program is to find as its descriptors from 3 on.
    /// - Throws: `StartError`.
    static func start(
        _ program: ByteString, _ arguments: [String], environment: [ByteString], descriptors: [Int32]
    ) throws -> SpawnedProcess {
        let null = try Descriptor(opening: "/dev/null", O_RDWR)
        var plan = SpawnPlan(
            candidates: [program], arguments: [program] + arguments.map { ByteString($0) }, environment: environment)
        plan.give(null, as: 0)
        plan.give(null, as: 1)
        plan.descriptors += zip([2] + descriptors, Int32(2)...).map { spawn_descriptor(from: $0, to: $1) }
        plan.noNewPrivileges = false
        plan.diesWithParent = false
        // Our starter had us ignore signals that we need to end and upgrade our children.
        plan.defaultSignals = true
        do throws(SpawnError) {
            return try plan.start()
        } catch {
            throw StartError("cannot start \(program.shellQuoted()): \(SystemError.text(error.code))")
        }
    }

    /// Takes the exit status of any child that has one: these two, and the tasks' processes where the supervisor is gone.
    static func reap() -> Ending? {
        var status: Int32 = 0
        let pid = waitpid(-1, &status, WNOHANG)
        guard pid > 0 else { return nil }
        let signal = status & 0x7F
        return Ending(pid: pid, status: signal == 0 ? status >> 8 & 0xFF : 128 + signal)
    }

    /// Kills the tasks' processes that a dead supervisor has left, which have become children of this one, with whatever is below them,
    /// and returns when they are gone.
    static func endStrangers(except own: [pid_t]) {
        func strangers() -> [pid_t] { ProcessTree.children(of: getpid()).filter { !own.contains($0) } }
        while true {
            let found = strangers()
            guard !found.isEmpty else { return }
            TreeKiller.kill { strangers() }
            for pid in found {
                kill(pid, SIGKILL)
                var status: Int32 = 0
                waitpid(pid, &status, 0)
            }
        }
    }
}
