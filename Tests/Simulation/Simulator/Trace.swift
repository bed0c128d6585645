/// What happened in a life, a line each. Two lives of one seed have the same, byte for byte.
public struct Trace: Sendable {
    /// How many lines are kept, from the end; the hash is of all.
    private static let kept = 4_000

    private var recent: [String] = []
    /// FNV-1a of all lines.
    public private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    public private(set) var lineCount = 0
    private let keepsLines: Bool

    init(keepsLines: Bool) { self.keepsLines = keepsLines }

    public var lines: ArraySlice<String> { recent.suffix(Self.kept) }

    mutating func note(_ time: Int64, _ text: String) {
        let line = "\(time) \(text)"
        for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        lineCount += 1
        guard keepsLines else { return }
        recent.append(line)
        if recent.count > 2 * Self.kept { recent.removeFirst(Self.kept) }
    }
}
