import OrchProtocol

/// When something is over, in the words of a program: `1735689600`, `2026-11-22T14:05:00Z`, `in 3h 20m`, `30 seconds`, `3:30pm`,
/// `9pm (America/New_York)`, `Dec 1, 10:08pm (UTC)`.
enum ResetTime {
    /// Milliseconds since 1970, or nil for text that tells no time. A number is seconds from now where it is small, else seconds
    /// or milliseconds since 1970; a time of day without a zone is one of the machine's, and without a date the next that comes.
    static func time(in text: String, at time: ReadingTime) -> Int64? {
        let words = words(of: text)
        for word in words { if let time = Timestamp(word.uppercased()) { return time.milliseconds } }
        if let first = words.first, let number = Double(first), number >= 0, words.count == 1 || number >= 1e8 {
            return point(number, now: time.now)
        }
        let lowered = words.map { $0.lowercased() }
        if let wait = duration(lowered) { return time.now + wait }
        return ResetDate(lowered, zone: ResetZone(in: words))?.next(at: time)
    }

    /// The first of them, without what programs put around them.
    private static func words(of text: String) -> [String] {
        let noise: Set<UInt8> = Set(".()[]{}<>\"'`!".utf8)
        return text.utf8.split { " \t\n,;|".utf8.contains($0) }.prefix(16).map { word in
            var word = word[...]
            while let first = word.first, noise.contains(first) { word = word.dropFirst() }
            while let last = word.last, noise.contains(last) { word = word.dropLast() }
            return String(decoding: word, as: UTF8.self)
        }.filter { !$0.isEmpty }
    }

    private static func point(_ number: Double, now: Int64) -> Int64? {
        switch number {
        case ..<1e8: now + Int64(number * 1000)
        case ..<1e11: Int64(number * 1000)
        case ..<1e14: Int64(number)
        default: nil
        }
    }

    private static let units: [(names: [String], milliseconds: Double)] = [
        (["ms", "milliseconds", "millisecond"], 1), (["s", "sec", "secs", "second", "seconds"], 1000),
        (["m", "min", "mins", "minute", "minutes"], 60_000), (["h", "hr", "hrs", "hour", "hours"], 3_600_000),
        (["d", "day", "days"], 86_400_000), (["w", "week", "weeks"], 604_800_000),
    ]

    /// `in 3h 20m`, `2 hours`, `1m30s`; words before and after it do not matter.
    private static func duration(_ words: [String]) -> Int64? {
        var total: Double?
        var number: Double?
        for word in words {
            var rest = word.utf8[...]
            while let byte = rest.first {
                let isDigit = isDigit(byte)
                let piece = rest.prefix { self.isDigit($0) == isDigit || (isDigit && $0 == UInt8(ascii: ".")) }
                rest = rest.dropFirst(piece.count)
                let text = String(decoding: piece, as: UTF8.self)
                if isDigit {
                    number = Double(text)
                } else if let amount = number, let unit = units.first(where: { $0.names.contains(text) }) {
                    total = (total ?? 0) + amount * unit.milliseconds
                    number = nil
                } else {
                    if total != nil { break }
                    number = nil
                }
            }
        }
        return total.flatMap { $0 < 1e12 ? Int64($0) : nil }
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
