import Text

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
