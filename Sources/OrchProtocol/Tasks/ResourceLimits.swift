/// How much of the machine all processes of an attempt may use together, as the kernel keeps them to it (cgroup-v2.rst of Linux).
public struct ResourceLimits: Codable, Sendable, Equatable {
    public enum Resource: String, CodingKey, CaseIterable, Sendable {
        /// Bytes; beyond them the kernel ends the attempt.
        case memory
        /// Bytes; beyond them the kernel slows the attempt down and takes memory back from it.
        case memoryHigh = "memory_high"
        /// Bytes; none with a limit of `memory` and without this.
        case swap
        /// Processors: 1.5 is one and a half.
        case cpu
        /// The share of the processors where others want them too; 100 is everybody's.
        case cpuWeight = "cpu_weight"
        /// Processes and threads at once.
        case pids
        /// The share of the disks where others want them too; 100 is everybody's.
        case ioWeight = "io_weight"

        /// What may be asked for.
        public var range: ClosedRange<Double> {
            switch self {
            case .memory, .memoryHigh: 1_048_576...9_007_199_254_740_992
            case .swap: 0...9_007_199_254_740_992
            case .cpu: 0.01...4_096
            case .cpuWeight, .ioWeight: 1...10_000
            case .pids: 1...4_194_304
            }
        }

        public var isBytes: Bool { self == .memory || self == .memoryHigh || self == .swap }
    }

    private var values: [Resource: Double] = [:]

    public init() {}

    public var isEmpty: Bool { values.isEmpty }

    public subscript(resource: Resource) -> Double? {
        get { values.isEmpty ? nil : values[resource] }
        set { values[resource] = newValue }
    }

    /// Those that there are, in the order of ``Resource``.
    public var all: [(resource: Resource, amount: Double)] {
        isEmpty ? [] : Resource.allCases.compactMap { resource in values[resource].map { (resource, $0) } }
    }

    /// These, others where these say nothing, and none of them above a maximum; what has only a maximum is limited to that.
    public func filled(from others: ResourceLimits, upTo maximum: ResourceLimits) -> ResourceLimits {
        var limits = self
        limits.values.merge(others.values) { own, _ in own }
        limits.values.merge(maximum.values) { min($0, $1) }
        return limits
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: Resource.self)
        for resource in Resource.allCases { values[resource] = try container.decodeIfPresent(Double.self, forKey: resource) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Resource.self)
        for (resource, amount) in all { try container.encode(amount, forKey: resource) }
    }
}

extension ResourceLimits.Resource {
    /// An amount as people write it, like `2G` or `1.5`.
    ///
    /// - Returns: nil if it is not an amount, or out of range.
    package func amount(_ text: String) -> Double? {
        let amount = isBytes && text != "0" ? SizeText.bytes(text).map { Double($0) } : Double(text)
        return amount.flatMap { isAllowed($0) ? $0 : nil }
    }

    /// Whether it is in the range, and whole if parts make no sense.
    package func isAllowed(_ amount: Double) -> Bool {
        range.contains(amount) && (self == .cpu || amount == amount.rounded())
    }

    /// What ``amount(_:)`` takes, in words.
    package var form: String {
        switch self {
        case .memory, .memoryHigh: "a size of at least 1M, such as \"512M\" or \"2G\""
        case .swap: "a size such as \"512M\" or \"2G\", or 0"
        case .cpu: "a number of processors from 0.01 to 4096, such as 1.5"
        case .cpuWeight, .ioWeight: "a whole number from 1 to 10000"
        case .pids: "a whole number from 1 to 4194304"
        }
    }
}
