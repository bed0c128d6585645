extension ByteString {
    /// As a word that a shell reads as the same bytes, on one line and harmless to look at.
    ///
    /// What cannot be shown stands in the `$'…'` of bash, zsh and ksh; all else every shell reads.
    ///
    /// - Parameter asProgram: to be the first word of a command, where `A=b` would be an assignment.
    public func shellQuoted(asProgram: Bool = false) -> String {
        guard let text, !text.hasControls else { return dollarQuoted }
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            if scalar == "=", asProgram { return false }
            return scalar.properties.isAlphabetic
                || scalar.isASCII && "0123456789-_./:=,+@%^".unicodeScalars.contains(scalar)
        }
        if isPlain, !isEmpty { return text }
        var result = String.UnicodeScalarView("'".unicodeScalars)
        for scalar in text.unicodeScalars {
            if scalar == "'" { result.append(contentsOf: #"'\''"#.unicodeScalars) } else { result.append(scalar) }
        }
        result.append("'")
        return String(result)
    }

    private var dollarQuoted: String {
        var result = String.UnicodeScalarView("$'".unicodeScalars)
        var rest = bytes[...]
        while let next = UTF8Text.first(of: rest) {
            var length = 1
            switch next {
            case .scalar("\n", _): result.append(contentsOf: #"\n"#.unicodeScalars)
            case .scalar("\t", _): result.append(contentsOf: #"\t"#.unicodeScalars)
            case .scalar(let scalar, _) where scalar == "'" || scalar == "\\":
                result.append("\\")
                result.append(scalar)
            case .scalar(let scalar, let count):
                length = count
                if scalar.isControl {
                    for byte in rest.prefix(count) { Self.escape(byte, into: &result) }
                } else {
                    result.append(scalar)
                }
            case .invalid, .cut: Self.escape(rest[rest.startIndex], into: &result)
            }
            rest = rest.dropFirst(length)
        }
        result.append("'")
        return String(result)
    }

    private static func escape(_ byte: UInt8, into result: inout String.UnicodeScalarView) {
        let digits = String(byte, radix: 16)
        result.append(contentsOf: #"\x"#.unicodeScalars)
        if digits.utf8.count < 2 { result.append("0") }
        result.append(contentsOf: digits.unicodeScalars)
    }
}
