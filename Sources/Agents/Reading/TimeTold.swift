import OrchProtocol

/// When something is over, in the words of a program: `1735689600`, `2026-11-22T14:05:00Z`, `in 3h 20m`, `30 seconds`, `3:30pm`.
enum TimeTold {
    /// Milliseconds since 1970, or nil for text that tells no time. A number is seconds from now where it is small, else seconds
    /// or milliseconds since 1970; a time of day without `UTC` is one of the machine's zone, and the next that comes.
    static func time(in text: String, now: Int64, zoneOffset: Int) -> Int64? {
        let words = text.split { " \t,;·|".contains($0) }.map { $0.trimmingSuffix { ".)".contains($0) }.lowercased() }
        for word in words.prefix(12) {
            if let time = WireTime(word.uppercased()) { return time.milliseconds }
        }
        if let first = words.first, let number = Double(first), number >= 0, words.count == 1 || number >= 1e8 {
            return point(number, now: now)
        }
        if let wait = duration(words[...]) { return now + wait }
        return timeOfDay(words, now: now, zoneOffset: zoneOffset)
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
        (["d", "day", "days"], 86_400_000),
    ]

    /// `in 3h 20m`, `2 hours`, `1m30s`; words before and after it do not matter.
    private static func duration(_ words: ArraySlice<String>) -> Int64? {
        var total: Double?
        var number: Double?
        for word in words.prefix(12) {
            var rest = Substring(word)
            while let character = rest.first {
                if character.isASCII, character.isNumber {
                    let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
                    number = Double(digits)
                    rest = rest.dropFirst(digits.count)
                } else {
                    let letters = rest.prefix { !($0.isASCII && $0.isNumber) }
                    rest = rest.dropFirst(letters.count)
                    guard let unit = units.first(where: { $0.names.contains(String(letters)) }), let amount = number else {
                        if total != nil { break }
                        number = nil
                        continue
                    }
                    total = (total ?? 0) + amount * unit.milliseconds
                    number = nil
                }
            }
        }
        return total.flatMap { $0 < 1e12 ? Int64($0) : nil }
    }

    /// `3pm`, `3:30pm`, `15:00`, with `UTC` or `GMT` somewhere after it, or not.
    private static func timeOfDay(_ words: [String], now: Int64, zoneOffset: Int) -> Int64? {
        let isUniversal = words.contains { ["utc", "gmt", "(utc", "(gmt"].contains($0) }
        for (index, word) in words.enumerated().prefix(12) {
            let next = index + 1 < words.count ? words[index + 1] : ""
            guard let minutes = minutes(of: word, next) else { continue }
            let day: Int64 = 86_400_000
            let offset = isUniversal ? 0 : Int64(zoneOffset) * 1000
            let local = now + offset
            let today = local - ((local % day) + day) % day
            let time = today + Int64(minutes) * 60_000 - offset
            return time > now ? time : time + day
        }
        return nil
    }

    /// Minutes since midnight.
    private static func minutes(of word: String, _ next: String) -> Int? {
        var digits = Substring(word)
        var half: String?
        for suffix in ["am", "pm"] where digits.hasSuffix(suffix) {
            half = suffix
            digits = digits.dropLast(2)
        }
        if half == nil, next == "am" || next == "pm" { half = next }
        let parts = digits.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), parts.count > 1 || half != nil,
            parts.allSatisfy({ (1...2).contains($0.count) && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let hour = Int(parts[0]), case let minute = parts.count > 1 ? Int(parts[1]) ?? 60 : 0, minute < 60
        else { return nil }
        switch half {
        case nil: return hour < 24 ? hour * 60 + minute : nil
        default: return (1...12).contains(hour) ? (hour % 12 + (half == "pm" ? 12 : 0)) * 60 + minute : nil
        }
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ isNoise: (Character) -> Bool) -> Substring {
        var text = self
        while let last = text.last, isNoise(last) { text.removeLast() }
        return text
    }
}
