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

/// A date, a time of day, or both, as people write them: `3pm`, `Dec 1, 10:08pm`, `1 December 2026`, `2026-12-01 10:00`, `tomorrow at 9am`,
/// `Monday 15:00`.
struct ResetDate {
    private enum Date: Equatable {
        case day(month: Int64, day: Int64, year: Int64?)
        /// 0 is Monday.
        case weekday(Int64)
        /// After this number of days.
        case later(Int64)
    }

    private var date: Date?
    /// Since midnight.
    private var seconds: Int64?
    private let zone: ResetZone

    /// - Parameter words: in small letters. Nil where they tell neither.
    init?(_ words: [String], zone: ResetZone) {
        self.zone = zone
        // `2026-12-01T10:00` without a zone is a date and a time.
        let words = words.flatMap { word -> [String] in
            let parts = word.utf8.split(separator: UInt8(ascii: "t"))
            guard parts.count == 2, Self.isoDay(String(Substring(parts[0]))) != nil else { return [word] }
            return parts.map { String(Substring($0)) }
        }
        for index in words.indices {
            let next = index + 1 < words.count ? words[index + 1] : ""
            if seconds == nil { seconds = Self.secondsOfDay(words[index], next) }
            if date == nil { date = Self.date(words, index) }
        }
        if seconds == nil, date == nil { return nil }
    }

    /// When that is, in milliseconds since 1970; the next time where there are several. Nil for a zone that there is not.
    func next(at time: ReadingTime) -> Int64? {
        guard let offset = zone.offset(at: time.now, time) else { return nil }
        let today = Self.floor(time.now + Int64(offset) * 1000, Self.day) / Self.day
        var days: [Int64]
        switch date {
        case nil: days = [-1, 0, 1, 2].map { today + $0 }
        case .later(let count): days = [today + count]
        case .weekday(let weekday): days = (0...7).map { today + $0 }.filter { Self.modulo($0 + 3, 7) == weekday }
        case .day(let month, let day, let year):
            let thisYear = CivilDay(daysSinceEpoch: today).year
            days = (year.map { [$0] } ?? [thisYear - 1, thisYear, thisYear + 1]).filter {
                day <= CivilDay.length(of: month, in: $0)
            }
            .map { CivilDay(year: $0, month: month, day: day).daysSinceEpoch }
            // Of a year that is not told, the one that is nearest.
            if year == nil, let nearest = days.min(by: { abs($0 - today) < abs($1 - today) }) { days = [nearest] }
        }
        let all = days.flatMap { moments(local: ($0 * Self.day / 1000 + (seconds ?? 0)) * 1000, time) }
        // What was over a moment ago has been told a moment too late, and does not mean the next day.
        if let past = all.last(where: { $0 <= time.now }), time.now - past < Self.moment, past != time.now { return past }
        return all.first { $0 > time.now } ?? all.last
    }

    private static let day: Int64 = 86_400_000
    private static let moment: Int64 = 60_000

    /// The times at which a clock of the zone shows this: two where it was set back, and after it was set forward the one an hour later.
    private func moments(local: Int64, _ time: ReadingTime) -> [Int64] {
        let offsets = Set([local - Self.day, local + Self.day].compactMap { zone.offset(at: $0, time) })
        let candidates = offsets.sorted(by: >).map { (offset: $0, time: local - Int64($0) * 1000) }
        let valid = candidates.filter { zone.offset(at: $0.time, time) == $0.offset }
        return (valid.isEmpty ? candidates.suffix(1) : valid).map(\.time)
    }

    private static func floor(_ number: Int64, _ step: Int64) -> Int64 { number - modulo(number, step) }
    private static func modulo(_ number: Int64, _ step: Int64) -> Int64 { ((number % step) + step) % step }

    // MARK: Words

    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]
    private static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    private static func index(of word: String, in names: [String]) -> Int64? {
        guard word.utf8.count >= 3 else { return nil }
        return names.firstIndex { $0.hasPrefix(word) }.map(Int64.init)
    }

    private static func date(_ words: [String], _ index: Int) -> Date? {
        func number(_ offset: Int) -> Int64? {
            words.indices.contains(index + offset) ? dayNumber(words[index + offset]) : nil
        }
        let word = words[index]
        if word == "today" { return .later(0) }
        if word == "tomorrow" { return .later(1) }
        if let iso = isoDay(word) { return iso }
        if let weekday = self.index(of: word, in: weekdays) {
            // Beside a date it says nothing new.
            return words.contains { self.index(of: $0, in: months) != nil } ? nil : .weekday(weekday)
        }
        guard let month = self.index(of: word, in: months) else { return nil }
        if let day = number(1) { return .day(month: month + 1, day: day, year: year(words, index + 2)) }
        if let day = number(-1) { return .day(month: month + 1, day: day, year: year(words, index + 1)) }
        return nil
    }

    private static func year(_ words: [String], _ index: Int) -> Int64? {
        guard words.indices.contains(index), words[index].utf8.count == 4 else { return nil }
        return Int64(words[index]).flatMap { (1970...9999).contains($0) ? $0 : nil }
    }

    /// `1`, `2nd`, `31`.
    private static func dayNumber(_ word: String) -> Int64? {
        let digits = word.utf8.prefix(while: ResetTime.isDigit)
        let suffix = String(Substring(word.utf8.dropFirst(digits.count)))
        guard (1...2).contains(digits.count), ["", "st", "nd", "rd", "th"].contains(suffix),
            let number = Int64(Substring(digits)),
            (1...31).contains(number)
        else { return nil }
        return number
    }

    private static func isoDay(_ word: String) -> Date? {
        let parts = word.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ $0.allSatisfy(ResetTime.isDigit) }),
            let year = Int64(Substring(parts[0])), let month = Int64(Substring(parts[1])), let day = Int64(Substring(parts[2])),
            year >= 1970, (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        return .day(month: month, day: day, year: year)
    }

    /// `3pm`, `3:30 p.m`, `15:00`, `15:00:30`, `noon`.
    private static func secondsOfDay(_ word: String, _ next: String) -> Int64? {
        if word == "noon" { return 43_200 }
        if word == "midnight" { return 0 }
        var digits = Substring(word)
        var half: String?
        for (suffix, name) in [("am", "am"), ("pm", "pm"), ("a.m", "am"), ("p.m", "pm")] where half == nil {
            if digits.hasSuffix(suffix) {
                half = name
                digits = digits.dropLast(suffix.utf8.count)
            } else if next == suffix {
                half = name
            }
        }
        let parts = digits.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), parts.count > 1 || half != nil,
            parts.allSatisfy({ (1...2).contains($0.count) && $0.allSatisfy(ResetTime.isDigit) })
        else { return nil }
        let numbers = parts.compactMap { Int64(Substring($0)) } + [0, 0]
        guard numbers[1] < 60, numbers[2] < 60, half == nil ? numbers[0] < 24 : (1...12).contains(numbers[0]) else {
            return nil
        }
        let hour = half == nil ? numbers[0] : numbers[0] % 12 + (half == "pm" ? 12 : 0)
        return hour * 3600 + numbers[1] * 60 + numbers[2]
    }
}

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
