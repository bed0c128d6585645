/// How often a session may be begun. Discord allows a thousand in a day, and takes the token away after more, so the closer they come the rarer
/// they are; a program that is started again and again by something else cannot use them up.
struct StartBudget: Sendable {
    /// When, in milliseconds since 1970, in their order.
    private(set) var starts: [Int64]

    private static let day: Int64 = 86_400_000

    /// The milliseconds between two starts, after a number of starts within a day.
    private static let spacings: [(after: Int, wait: Int64)] = [(0, 5500), (200, 60_000), (500, 300_000)]
    static let most = 700

    init(starts: [Int64] = []) { self.starts = starts.sorted().suffix(Self.most) }

    /// How long to wait for the next: 0 for not at all.
    func wait(at wall: Int64) -> Int64 {
        // Those of the future are of a clock that has been set back, and count as of now.
        let recent = starts.filter { $0 > wall - Self.day }.map { min($0, wall) }
        guard let last = recent.last, let first = recent.first else { return 0 }
        if recent.count >= Self.most { return first + Self.day - wall }
        let spacing = Self.spacings.last { recent.count >= $0.after }?.wait ?? 0
        return max(0, last + spacing - wall)
    }

    /// Counts one. What is kept are these.
    mutating func count(at wall: Int64) -> [Int64] {
        starts = (starts.filter { $0 > wall - Self.day }.map { min($0, wall) } + [wall]).suffix(Self.most)
        return starts
    }
}
