import ArgumentParser
import OrchProtocol
import Presentation

/// Arguments to values, with errors that say what would have been right.
enum ArgumentText {
    static func duration(_ text: String) throws -> Double {
        guard let seconds = DurationText.seconds(text) else {
            throw ValidationError("\"\(text)\" is no length of time; write it as \(DurationText.forms)")
        }
        return seconds
    }

    /// When something is to happen.
    static func time(_ text: String) throws -> WireTime {
        guard let time = TimeText.parse(text, now: LocalTime.now) else { throw noTime(text) }
        return time
    }

    /// When something happened; a length of time is so long ago.
    static func pastTime(_ text: String) throws -> WireTime {
        let now = LocalTime.now
        if let seconds = DurationText.seconds(text) {
            guard let time = TimeText.parse("\(text.allSatisfy(\.isNumber) ? text + "s" : text) ago", now: now) else {
                // Further back than 1970: everything.
                return WireTime(milliseconds: seconds > 0 ? 0 : now.milliseconds)
            }
            return time
        }
        guard let time = TimeText.parse(text, now: now, direction: .past) else { throw noTime(text) }
        return time
    }

    private static func noTime(_ text: String) -> ValidationError {
        ValidationError("\"\(text)\" is no time; write it as \(TimeText.forms)")
    }

    /// Words that may be repeated, and joined by commas.
    static func capabilities(_ arguments: [String]) -> [String]? {
        arguments.isEmpty
            ? nil : arguments.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    }

    /// `K=V` arguments; the last of a repeated key counts.
    static func pairs(_ arguments: [String], option: String) throws -> [String: String]? {
        guard !arguments.isEmpty else { return nil }
        var pairs: [String: String] = [:]
        for argument in arguments {
            guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
                throw ValidationError("\(option) takes KEY=VALUE, not \"\(argument)\"")
            }
            pairs[String(argument[..<equals])] = String(argument[argument.index(after: equals)...])
        }
        return pairs
    }

    /// Words that may be given one by one or with commas between them.
    static func words<Word: RawRepresentable & CaseIterable>(
        _ arguments: [String], option: String
    ) throws -> [Word]? where Word.RawValue == String {
        guard !arguments.isEmpty else { return nil }
        return try arguments.flatMap { $0.split(separator: ",") }.map { try word(String($0), option: option) }
    }

    static func word<Word: RawRepresentable & CaseIterable>(
        _ text: String, option: String
    ) throws -> Word where Word.RawValue == String {
        // Some of these are open, and so make a word of anything.
        let known = Word.allCases.map(\.rawValue)
        if known.contains(text), let word = Word(rawValue: text) { return word }
        let hint = nearest(text, in: known).map { "; did you mean \($0)?" } ?? " (\(known.joined(separator: ", ")))"
        throw ValidationError("\(option) does not know \"\(text)\"\(hint)")
    }

    static func thinking(_ text: String) throws -> ThinkingLevel { try word(text, option: "--thinking") }
}
