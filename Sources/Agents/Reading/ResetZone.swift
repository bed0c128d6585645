/// The time zone that stands beside a time: `(America/New_York)`, `UTC`, `PST`, `UTC+2`, `+02:00`.
enum ResetZone: Equatable {
    /// None is told: it is the machine's.
    case own
    case named(String)
    /// Seconds ahead of UTC.
    case fixed(Int)

    /// - Parameter words: as they are written, since the names of zones have capitals.
    init(in words: [String]) {
        self = words.lazy.compactMap { Self(word: $0) }.first ?? .own
    }

    private init?(word: String) {
        if let hours = Self.abbreviations[word.uppercased()] {
            self = .fixed(Int(hours * 3600))
        } else if let seconds = Self.offset(word) {
            self = .fixed(seconds)
        } else if Self.isName(word) {
            self = .named(word)
        } else {
            return nil
        }
    }

    /// Of those that mean the same to everybody who is likely to print them.
    private static let abbreviations: [String: Double] = [
        "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
        "AKST": -9, "AKDT": -8, "HST": -10, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
        "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    ]

    /// `+02:00`, `-0530`, `UTC+2`.
    private static func offset(_ word: String) -> Int? {
        var bytes = Array(word.uppercased().utf8)[...]
        let isPrefixed = bytes.starts(with: "UTC".utf8) || bytes.starts(with: "GMT".utf8)
        if isPrefixed { bytes = bytes.dropFirst(3) }
        guard let sign = bytes.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let digits = bytes.dropFirst().filter { $0 != UInt8(ascii: ":") }
        guard digits.allSatisfy(ResetTime.isDigit), digits.count == 4 || (isPrefixed && (1...2).contains(digits.count)),
            let number = Int(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let seconds = digits.count == 4 ? number / 100 * 3600 + number % 100 * 60 : number * 3600
        return seconds <= 14 * 3600 ? (sign == UInt8(ascii: "-") ? -seconds : seconds) : nil
    }

    /// Whether it looks like `Area/Place`.
    private static func isName(_ word: String) -> Bool {
        let parts = word.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count > 1 && word.utf8.count <= 64
            && parts.allSatisfy { part in
                guard let first = part.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else { return false }
                return part.allSatisfy { byte in
                    ResetTime.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                        || "_+-".utf8.contains(byte)
                }
            }
    }

    /// Seconds ahead of UTC at a time; nil where there is no such zone.
    func offset(at wall: Int64, _ time: ReadingTime) -> Int? {
        switch self {
        case .own: time.offset(nil, wall)
        case .named(let name): time.offset(name, wall)
        case .fixed(let seconds): seconds
        }
    }
}
