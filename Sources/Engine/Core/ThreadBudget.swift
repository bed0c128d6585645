import CLinux
import Glibc

/// Whether the limit of processes (`ulimit -u`, `TasksMax=`), which counts threads, leaves the engine its own: those who start them
/// later know no other answer to a refusal than to end the program.
enum ThreadBudget {
    /// Two loops, four that read, the turns, the link, the watchers, and what the libraries have.
    private static let needed = 16

    /// - Throws: ``StartError`` where there are too few.
    static func check() throws {
        let count = Int(linux_startable_threads(Int32(needed)))
        guard count < needed else { return }
        throw StartError(
            "only \(count) more threads can be started, and orchd needs \(needed): raise the limit of processes (ulimit -u, or "
                + "TasksMax= in the unit), or end some of this user's")
    }
}
