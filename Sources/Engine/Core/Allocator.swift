import CLinux
import Foundation
import Glibc

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
    /// Two loops, four that read, the turns, the link, the watchers, and what the libraries have.
    private static let needed = 16

    /// - Throws: ``StartError`` where there are too few.
    static func check() throws {
        let count = Int(linux_startable_threads(Int32(needed)))
        guard count < needed else { return }
        throw StartError(
            "only \(count) more threads can be started, and orchd needs \(needed); raise the limit of processes (ulimit -u, or "
                + "TasksMax= in the unit), or end some of this user's")
    }
}

/// How much the processes of the machine wait for memory: `full avg10` of /proc/pressure/memory (proc_pressure_memory(5)), which is
/// looked at when somebody asks, and not more often than it changes. Not `some`: that grows already when one task is at its own limit.
struct MemoryPressure: Sendable {
    /// The kernel works its averages out every two seconds.
    private static let interval: Int64 = 1_000

    private var last: (at: Int64, percent: Double?)?

    /// Percent; nil where the kernel does not tell.
    mutating func percent(at monotonic: Int64, read: () -> String? = Self.read) -> Double? {
        if let last, monotonic - last.at < Self.interval { return last.percent }
        let percent = read().flatMap(Self.percent)
        last = (monotonic, percent)
        return percent
    }

    static func percent(in text: String) -> Double? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("full ") }) else { return nil }
        let word = line.split(separator: " ").first { $0.hasPrefix("avg10=") }
        return word.flatMap { Double($0.dropFirst(6)) }
    }

    private static func read() -> String? { try? String(contentsOfFile: "/proc/pressure/memory", encoding: .utf8) }

    /// Bytes of memory that the machine has; nil where the kernel does not tell.
    static func machine() -> Int64? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemTotal:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int64($0) })
        else { return nil }
        return kilobytes * 1024
    }
}
