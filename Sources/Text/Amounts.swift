/// Sizes for people.
public enum ByteText {
    /// In the unit that leaves one to four digits: `850 KiB`.
    public static func text(_ count: Int64) -> String {
        var (value, unit) = (count, 0)
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        while value >= 10_240, unit + 1 < units.count {
            value /= 1024
            unit += 1
        }
        return "\(value) \(units[unit])"
    }
}

/// Numbers of bytes as people write them: `4096`, `512K`, `64M`, `2G`, `2GB`, `2GiB`; each is a power of 1024.
package enum SizeText {
    package static func bytes(_ text: String) -> Int64? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let units: [String: Int64] = ["K": 10, "M": 20, "G": 30, "T": 40]
        var unit = text.utf8.dropFirst(digits.count).map { Unicode.Scalar($0).properties.uppercaseMapping }.joined()
        for end in ["IB", "B"] where unit.utf8.count > end.utf8.count && unit.hasSuffix(end) {
            unit.removeLast(end.utf8.count)
            break
        }
        guard let number = Int64(Substring(digits)), number > 0, let shift = unit.isEmpty ? 0 : units[unit] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : product
    }

    /// The shortest of the ways to write a number of bytes exactly.
    package static func text(_ bytes: Int64) -> String {
        for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] where bytes > 0 && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return counted(bytes, "byte")
    }
}

/// Amounts of US dollars, of which a millionth is one.
public enum MoneyText {
    /// An amount that is not negative, in cents, or in as many digits as it takes: `12.50`, `0.0123`.
    public static func dollars(_ micros: Int64) -> String {
        assert(micros >= 0, "an amount without a sign, and not \(micros)")
        var fraction = String(micros.magnitude % 1_000_000 + 1_000_000).dropFirst()
        while fraction.count > 2, fraction.last == "0" { fraction.removeLast() }
        return "\(micros.magnitude / 1_000_000).\(fraction)"
    }

    /// Millionths of a US dollar for a text like `10.00 USD`; nil for any other.
    public static func micros(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 2, words[1] == "USD" else { return nil }
        let parts = words[0].split(separator: ".", omittingEmptySubsequences: false)
        // Neither sign nor overflow: twelve digits are enough for anybody.
        guard parts.count <= 2, let whole = digits(parts[0], upTo: 12) else { return nil }
        guard parts.count == 2 else { return whole * 1_000_000 }
        guard digits(parts[1], upTo: 6) != nil else { return nil }
        let fraction = parts[1] + String(repeating: "0", count: 6 - parts[1].count)
        return digits(fraction, upTo: 6).map { whole * 1_000_000 + $0 }
    }

    private static func digits(_ text: Substring, upTo count: Int) -> Int64? {
        guard !text.isEmpty, text.utf8.count <= count, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }
}
