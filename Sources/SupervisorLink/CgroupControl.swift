/// A limit of a cgroup, as an order or the policy sets it. The raw values are those of the link.
public enum CgroupControl: UInt8, LinkValue, CaseIterable, Sendable {
    /// Bytes: `memory.max`.
    case memory = 1
    /// Bytes: `memory.high`.
    case memoryHigh
    /// Bytes: `memory.swap.max`.
    case swap
    /// Thousandths of a processor: `cpu.max`.
    case cpu
    /// `cpu.weight`.
    case cpuWeight
    /// `pids.max`.
    case pids
    /// `io.weight`.
    case ioWeight

    /// How configuration, policy and protocol call it.
    public var name: String { "\(self)".snakeCased }

    public init?(name: String) {
        guard let control = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = control
    }

    /// What the kernel takes.
    public var range: ClosedRange<UInt64> {
        switch self {
        case .memory, .memoryHigh, .swap: 0...1 << 62
        // A hundredth of a processor is a millisecond of each period, below which the kernel refuses it.
        case .cpu: 10...4_096_000
        case .cpuWeight, .ioWeight: 1...10_000
        case .pids: 0...4_194_304
        }
    }
}
