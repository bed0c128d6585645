/// Text from tasks, made harmless: a name or a prompt may hold what would clear the reader's screen or forge a line.
public enum SafeText {
    /// On one line: white space runs become one space; what steers a terminal becomes `·`.
    public static func line(_ text: some StringProtocol) -> String {
        var result = String.UnicodeScalarView()
        var space = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                space = !result.isEmpty
                continue
            }
            if space { result.append(" ") }
            space = false
            result.append(steers(scalar) ? "·" : scalar)
        }
        return String(result)
    }

    /// On as many lines as it has.
    public static func block(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(steers(scalar) && scalar != "\n" && scalar != "\t" ? "·" : scalar)
        }
        return String(result)
    }

    /// An argument list as a shell would need it.
    public static func command(_ arguments: [String]) -> String {
        line(arguments.map(quoted).joined(separator: " "))
    }

    private static func quoted(_ argument: String) -> String {
        let plain = argument.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...0xFF:
                true
            default: "-_./:=,+@%^".utf8.contains(byte)
            }
        }
        if plain, !argument.isEmpty { return argument }
        var result = "'"
        for character in argument {
            if character == "'" { result += #"'\''"# } else { result.append(character) }
        }
        return result + "'"
    }

    /// Control characters, and the marks that turn the direction of what follows.
    static func steers(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
