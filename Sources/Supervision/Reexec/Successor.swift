import Glibc
import Platform
import Text

/// The program that is at our path by now, and whether it can take over what we hold.
///
/// One that is older may know nothing of it: it would keep sockets open that it never closes, and tasks would lose what they rely on. So it
/// is asked before it is executed, by a process of its own, for which nobody waits.
struct Successor {
    /// What a version of the supervisor can hold beside what every version can, in the words of `--can-hold`.
    static let known: Set<String> = ["doors"]
    /// How long it may take to answer, in milliseconds.
    static let patience: Int64 = 10_000

    enum Answer {
        case able, unable
    }

    let process: SpawnedProcess
    let token: EventLoop<Supervisor.Source>.Token
    /// On the monotonic clock.
    let deadline: Int64
    var answer: Answer?
}

extension Supervisor {
    private var held: [String] { doors.isEmpty ? [] : ["doors"] }

    /// Nil until the program has answered.
    func successorCanHold() -> Bool? {
        let held = held
        guard !held.isEmpty else { return true }
        if let successor { return successor.answer.map { $0 == .able } }
        var plan = SpawnPlan(
            candidates: [program], arguments: [program, "--can-hold", ByteString(held.joined(separator: ","))], environment: [])
        plan.limits = [descriptorLimit]
        do {
            let process = try spawn(plan)
            do {
                let token = try loop.add(process.pidfd, .read, .helper(process.pid))
                successor = Successor(process: process, token: token, deadline: Clock.monotonic + Successor.patience)
            } catch {
                process.signal(SIGKILL)
                _ = process.end()
                throw error
            }
            return nil
        } catch {
            Log.error("cannot ask the new version what it can hold: \(error)")
            return false
        }
    }

    /// Whether this was the process that was to answer.
    func successorEnded(_ pid: pid_t) -> Bool {
        guard var asked = successor, asked.process.pid == pid, asked.answer == nil else { return false }
        loop.remove(asked.token)
        asked.answer = asked.process.end() == 0 ? .able : .unable
        successor = asked
        return true
    }

    func endSilentSuccessor(now: Int64) {
        guard let successor, successor.answer == nil, successor.deadline <= now else { return }
        successor.process.signal(SIGKILL)
    }
}
