import Foundation

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
