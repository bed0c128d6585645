/// Amounts of money as people write them.
enum Money {
    /// Millionths of a US dollar for a text like `10.00 USD`; nil for any other.
    static func dollars(_ text: String) -> Int64? {
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
