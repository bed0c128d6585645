/// Lengths of time as people write them: `90`, `90s`, `5m`, `1h30m`, `2d`, `250ms`.
public enum DurationText {
    private static let units: [(name: String, seconds: Double)] = [
        ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800),
    ]

    /// How to write one, for help texts and errors.
    public static let forms = "90, 90s, 5m, 1h30m, 2d or 250ms"

    /// The seconds that the text means, or nil if it is not a duration. A number alone is seconds.
    public static func seconds(_ text: String) -> Double? {
        var rest = Substring(text)
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
            guard !digits.isEmpty, let value = Double(digits), value.isFinite else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count).drop { $0 == " " }
            if name.isEmpty {
                guard rest.isEmpty, digits.count == text.count else { return nil }
                return value
            }
            guard let unit = units.first(where: { $0.name == name }) else { return nil }
            total += value * unit.seconds
        }
        return text.isEmpty || !total.isFinite ? nil : total
    }

    /// The two largest units that are not zero: `1h 30m`, `4.2s`, `250ms`.
    public static func text(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "forever" }
        let seconds = max(seconds, 0)
        if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded()))ms" }
        if seconds < 9.95 {
            let tenths = Int((seconds * 10).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10)s" : "\(tenths / 10).\(tenths % 10)s"
        }
        let whole = seconds > 1e15 ? Int(1e15) : Int(seconds.rounded())
        let parts = [(whole / 86_400, "d"), (whole / 3600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")]
        let significant = parts.drop { $0.0 == 0 }.prefix(2).filter { $0.0 > 0 }
        return significant.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }
}
