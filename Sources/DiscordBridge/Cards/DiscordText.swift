import OrchProtocol
import Presentation
import Text

/// Text of others in messages of the bridge: it is shown, and does nothing. Nobody is mentioned, nothing is a link that says something
/// else than where it leads, no line looks like one of the bridge's.
public enum DiscordText {
    /// The most that one message may hold, with room for what is put around it.
    public static let messageLength = 1900

    /// On one line, as plain text: what Discord would read as its own is shown as it is.
    public static func line(_ text: some StringProtocol, atMost length: Int = 200) -> String {
        var result = String.UnicodeScalarView()
        var room = length
        for scalar in SafeText.line(text).unicodeScalars {
            guard room > 1 else {
                result.append("…")
                break
            }
            if special.contains(scalar) { result.append("\\") }
            result.append(scalar)
            // An address that is only text: Discord looks for "://".
            if scalar == ":" { result.append(joiner) }
            room -= 1
        }
        return String(result)
    }

    /// Text of an agent: its own markdown stays, but it can mention nobody, and a link shows where it leads.
    public static func markdown(_ text: String) -> String {
        var isCode = false
        return SafeText.block(text).unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let fences = fences(in: line)
            if isCode, fences == 0 { return String(line) }
            isCode = isCode != !fences.isMultiple(of: 2)
            return harmless(line)
        }.joined(separator: "\n")
    }

    /// One line outside of blocks of code.
    private static func harmless(_ line: Substring.UnicodeScalarView) -> String {
        var result = String.UnicodeScalarView()
        var before: Unicode.Scalar?
        for (index, scalar) in zip(line.indices, line) {
            let after = line[line.index(after: index)...].first
            let isMention = scalar == "<" && after.map { afterBracket.contains($0) } ?? false
            if isMention || (scalar == "(" && before == "]") { result.append("\\") }
            result.append(scalar)
            if scalar == "@" { result.append(joiner) }
            before = scalar
        }
        return String(result)
    }

    /// What makes of a `<` the beginning of a mention, a channel, an emoji, a command or a time.
    private static let afterBracket = Set("@#:/ta".unicodeScalars)

    /// A block that shows text as it is; its end cannot be forged.
    public static func fenced(_ text: String) -> String {
        "```\n\(SafeText.block(text).replacingFences())\n```"
    }

    /// How many times a line opens or closes a block of code, which Discord does wherever three backticks are.
    static func fences(in line: some Collection<Unicode.Scalar>) -> Int {
        var count = 0
        var run = 0
        for scalar in line {
            run = scalar == "`" ? run + 1 : 0
            if run == 3 {
                count += 1
                run = 0
            }
        }
        return count
    }

    /// Without white space around it, which Discord takes off.
    static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars.drop { $0.properties.isWhitespace }
        guard let end = scalars.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
        return String(scalars[...end])
    }

    private static let special = Set("\\*_~`|>#-[]()<@".unicodeScalars)
    /// Has no width, and keeps apart what it stands between.
    fileprivate static let joiner: Unicode.Scalar = "\u{2060}"
}

extension String {
    fileprivate func replacingFences() -> String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalar == "`", result.last == "`" { result.append(DiscordText.joiner) }
            result.append(scalar)
        }
        return String(result)
    }
}
