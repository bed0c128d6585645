import OrchProtocol

/// A date, a time of day, or both, as people write them: `3pm`, `Dec 1, 10:08pm`, `1 December 2026`, `2026-12-01 10:00`, `tomorrow at 9am`,
/// `Monday 15:00`.
struct ResetDate {
    private enum Date: Equatable {
        case day(month: Int64, day: Int64, year: Int64?)
        /// 0 is Monday.
        case weekday(Int64)
        /// After so many days.
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
