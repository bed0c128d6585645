/// How much the processes of the machine wait for memory: `full avg10` of /proc/pressure/memory (proc_pressure_memory(5)), which is
/// looked at when somebody asks, and not more often than it changes. Not `some`: that grows already when one task is at its own limit.
public struct MemoryPressure: Sendable {
    /// The kernel works its averages out every two seconds.
    private static let interval: Int64 = 1_000

    public init() {}

    private var last: (at: Int64, percent: Double?)?

    /// Percent; nil where the kernel does not tell.
    public mutating func percent(at monotonic: Int64, read: () -> String? = { SmallFile.text("/proc/pressure/memory") })
        -> Double?
    {
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

    /// Bytes of memory that the machine has; nil where the kernel does not tell.
    public static func machine() -> Int64? {
        guard let text = SmallFile.text("/proc/meminfo"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemTotal:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int64($0) })
        else { return nil }
        return kilobytes * 1024
    }
}
