/// A point in time, in milliseconds since 1970-01-01T00:00:00Z; on the wire an RFC 3339 string in UTC.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    public var milliseconds: Int64

    /// The years 1970 to 9999: what RFC 3339 can write and orchd accepts.
    public static let range: ClosedRange<Int64> = 0...253_402_300_799_999

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "must be a time like \"2026-11-22T14:05:00Z\", not \"\(text.shortened(to: 40))\"")
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds.
    public var description: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the description. Every event has a time, so no string is made for each part of it.
    package func write(to bytes: inout [UInt8]) {
        let clamped = min(max(milliseconds, Self.range.lowerBound), Self.range.upperBound)
        let day = CivilDay(daysSinceEpoch: clamped / 86_400_000)
        let rest = clamped % 86_400_000
        func add(_ value: Int64, from highest: Int64, before end: Unicode.Scalar) {
            var place = highest
            while place > 0 {
                bytes.append(UInt8(ascii: "0") + UInt8(value / place % 10))
                place /= 10
            }
            bytes.append(UInt8(ascii: end))
        }
        add(day.year, from: 1000, before: "-")
        add(day.month, from: 10, before: "-")
        add(day.day, from: 10, before: "T")
        add(rest / 3_600_000, from: 10, before: ":")
        add(rest / 60_000 % 60, from: 10, before: ":")
        add(rest / 1000 % 60, from: 10, before: ".")
        add(rest % 1000, from: 100, before: "Z")
    }

    /// Reads an RFC 3339 date and time with `Z` or an offset, and any number of digits after the second.
    public init?(_ text: String) {
        var scanner = Scanner(rest: Substring(text).utf8)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2), scanner.skip("T") || scanner.skip("t") || scanner.skip(" "),
            let hour = scanner.number(2), scanner.skip(":"), let minute = scanner.number(2), scanner.skip(":"),
            let second = scanner.number(2), let fraction = scanner.fraction(), let offset = scanner.offset(),
            scanner.rest.isEmpty, (1...12).contains(month), day >= 1, day <= CivilDay.length(of: month, in: year),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = CivilDay(year: year, month: month, day: day).daysSinceEpoch
        let total = ((days * 24 + hour) * 60 + minute - offset) * 60 + second
        let value = total * 1000 + fraction
        guard Self.range.contains(value) else { return nil }
        milliseconds = value
    }
}

private struct Scanner {
    var rest: Substring.UTF8View

    mutating func skip(_ character: Character) -> Bool {
        guard let first = rest.first, first == character.asciiValue else { return false }
        rest.removeFirst()
        return true
    }

    mutating func digit() -> Int64? {
        guard let first = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        rest.removeFirst()
        return Int64(first - UInt8(ascii: "0"))
    }

    mutating func number(_ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The milliseconds of an optional fraction; further digits are cut off.
    mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        guard var value = digit() else { return nil }
        var digits = 1
        while let next = digit() {
            if digits < 3 { value = value * 10 + next }
            digits += 1
        }
        while digits < 3 {
            value *= 10
            digits += 1
        }
        return value
    }

    /// The offset from UTC in minutes.
    mutating func offset() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let sign: Int64 = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60 else {
            return nil
        }
        return sign * (hours * 60 + minutes)
    }
}

/// A day of the proleptic Gregorian calendar, by the algorithm of H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
public struct CivilDay {
    public var year, month, day: Int64

    public init(year: Int64, month: Int64, day: Int64) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    public init(daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    public var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    public static func length(of month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
