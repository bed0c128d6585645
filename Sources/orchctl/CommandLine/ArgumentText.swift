import ArgumentParser
import OrchProtocol
import Platform
import Presentation

/// Arguments to values, with errors that say what would have been right.
enum ArgumentText {
    /// A length of time that a rule of the protocol allows.
    static func duration(_ rule: ValueRule) -> @Sendable (String) throws -> Double {
        { text in
            guard let seconds = DurationText.seconds(text) else {
                throw ValidationError("must be a duration such as \(DurationText.forms), not \(quoted(text))")
            }
            if case .seconds(let range) = rule, !range.contains(seconds) {
                let range = "\(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
                throw ValidationError("must be from \(range), not \(quoted(text))")
            }
            return seconds
        }
    }

    private static func quoted(_ text: String) -> String { ArgumentComplaint.quoted(text) }

    /// When something is to happen.
    static func time(_ text: String) throws -> Timestamp {
        guard let time = TimeText.parse(text, now: LocalTime.now) else { throw noTime(text) }
        return time
    }

    /// When something is to happen, said by a person: a time of yesterday is a mistake. A script may be a little late.
    static func futureTime(_ text: String) throws -> Timestamp {
        let time = try time(text)
        guard time.milliseconds > LocalTime.now.milliseconds - slack else {
            throw ValidationError("must be in the future, and \(quoted(text)) is past")
        }
        return time
    }

    /// Milliseconds that two clocks may differ.
    private static let slack: Int64 = 60_000

    /// When something happened; a length of time is so long ago.
    static func pastTime(_ text: String) throws -> Timestamp {
        let now = LocalTime.now
        if let seconds = DurationText.seconds(text) {
            guard let time = TimeText.parse("\(text.allSatisfy(\.isNumber) ? text + "s" : text) ago", now: now) else {
                // Further back than 1970: everything.
                return Timestamp(milliseconds: seconds > 0 ? 0 : now.milliseconds)
            }
            return time
        }
        guard let time = TimeText.parse(text, now: now, direction: .past) else { throw noTime(text) }
        guard time.milliseconds < now.milliseconds + slack else {
            throw ValidationError("must be in the past, and \(quoted(text)) is in the future")
        }
        return time
    }

    private static func noTime(_ text: String) -> ValidationError {
        ValidationError("must be a time such as \(TimeText.forms), not \(quoted(text))")
    }

    /// Words that may be repeated, and joined by commas.
    static func capabilities(_ arguments: [String]) -> [String]? {
        arguments.isEmpty
            ? nil : arguments.flatMap { $0.parts(at: ",") }
    }

    /// `K=V` arguments; the last of a repeated key counts.
    static func pairs(_ arguments: [String], option: String) throws -> [String: String]? {
        guard !arguments.isEmpty else { return nil }
        var pairs: [String: String] = [:]
        for argument in arguments {
            guard let (key, value) = argument.cut(at: "="), !key.isEmpty else {
                throw ValidationError("\(option) takes KEY=VALUE, not \(ByteString(argument).shellQuoted())")
            }
            let name = String(key)
            // JSON as most programs read it has no room for both.
            if let old = pairs.index(forKey: name).map({ pairs.keys[$0] }), !old.isSame(as: name) {
                throw ValidationError("\(option) has the key \"\(name)\" in two spellings of Unicode; choose one")
            }
            pairs[name] = String(value)
        }
        return pairs
    }

    /// `--label`; the same one twice is a mistake.
    static func labels(_ arguments: [String]) throws -> [String: String]? {
        let pairs = try pairs(arguments, option: "--label")
        if let pairs, pairs.count < arguments.count {
            let keys = arguments.map(OptionTable.name(of:)).sorted()
            let twice = zip(keys, keys.dropFirst()).first { $0 == $1 }?.0 ?? ""
            throw ValidationError("--label gives \(quoted(twice)) twice")
        }
        return pairs
    }

    /// `NAME=VALUE` arguments, of any bytes; the last of a repeated name counts.
    static func variables(_ arguments: [ByteString]) throws -> [ByteString: ByteString]? {
        guard !arguments.isEmpty else { return nil }
        var variables: [ByteString: ByteString] = [:]
        for argument in arguments {
            guard let (name, value) = argument.cut(at: "="), !name.isEmpty else {
                throw ValidationError("--env takes KEY=VALUE, not \(argument.shellQuoted())")
            }
            variables[name] = value
        }
        return variables
    }

    /// Words that may be given one by one or with commas between them.
    static func words<Word: RawRepresentable & CaseIterable>(
        _ arguments: [String], option: String
    ) throws -> [Word]? where Word.RawValue == String {
        guard !arguments.isEmpty else { return nil }
        return try arguments.flatMap { $0.parts(at: ",") }.filter { !$0.isEmpty }.map { try word($0, option: option) }
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
