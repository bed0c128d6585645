import CLinux
import Glibc
import Platform

/// How malloc behaves in the engine, whose memory is small except for the moments in which a large batch comes.
public enum Allocator {
    /// Lets memory go back to the system as soon as it is free. Comes before there are threads.
    ///
    /// By itself glibc keeps an arena for each thread, each as large as the largest batch that the thread has ever seen, and
    /// after the first large block that is freed no longer asks the system for such blocks one by one: a million tasks in ten
    /// batches left 300 MiB behind, and with this leave 15.
    public static func giveBackWhatIsFree() {
        mallopt(M_ARENA_MAX, 1)
        // Its own default; but what has been set is no longer adjusted.
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
    }
}

/// Whether the limit of processes (`ulimit -u`, `TasksMax=`), which counts threads, leaves the engine its own: those who start them
/// later know no other answer to a refusal than to end the program.
enum ThreadBudget {
    /// Two loops, four that read, and those of its own: turns, link, workers, output, journal, relay, cleaning, directories, files, checkpoint.
    /// They are all there from the start on, so that what tasks do later can take none away. One more is for a backup.
    private static let needed = 17

    /// - Throws: ``StartError`` where there are too few.
    static func check() throws {
        let count = Int(linux_startable_threads(Int32(needed)))
        guard count < needed else { return }
        throw StartError(
            "only \(count) more threads can be started, and orchd needs \(needed); raise the limit of processes (ulimit -u, or "
                + "TasksMax= in the unit), or end some of this user's")
    }
}
