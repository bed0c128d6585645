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
