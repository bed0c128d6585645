import OrchProtocol

/// What the parser of a command line complains of, in our words: what, and what it must be.
public enum ParserComplaint {
    /// `--retries must be a whole number from 0 to 1000, not "two"`.
    ///
    /// - Parameter verb: the verb, as in `orchctl submit`.
    public static func reworded(_ message: String, verb: String) -> String {
        let first = message.parts(at: "\n").first ?? message
        if let missing = first.between("Missing expected argument '", "'") { return "\(verb) needs \(missing)" }
        if let option = first.between("Missing value for '", "'") { return "\(option.word) needs a value: \(option)" }
        if let option = first.between("Unknown option '", "'") { return "\(verb) has no option \(option.shortened(to: 60))" }
        if let word = first.between("Unexpected argument '", "'") {
            return "\(verb) takes no \"\(SafeText.line(word).shortened(to: 60))\""
        }
        guard first.has(prefix: "The value '"), let place = first.between("' is invalid for '", "'") else {
            return message
        }
        let detail = message.after("' is invalid for '\(place)': ")
        guard let detail else {
            let value = first.between("The value '", "' is invalid for '") ?? ""
            return "\(place.word) cannot be \"\(value.shortened(to: 60))\""
        }
        return detail.has(prefix: "must be") ? "\(place.word) \(detail)" : detail
    }
}

extension String {
    /// Up to the first space, or what comes with the name of an option.
    fileprivate var word: String { String(unicodeScalars.prefix { $0 != " " && $0 != "=" }) }

    /// What follows the first occurrence of a text.
    fileprivate func after(_ text: String) -> String? {
        utf8.firstRange(of: text.utf8).map { String(self[$0.upperBound...]) }
    }

    fileprivate func between(_ start: String, _ end: String) -> String? {
        guard let rest = after(start), let close = rest.utf8.firstRange(of: end.utf8) else { return nil }
        return String(rest[..<close.lowerBound])
    }
}
