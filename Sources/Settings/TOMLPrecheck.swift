/// Finds what the TOML parser aborts the program for instead of refusing it (assertions of toml++ 3.4): a table header that does not
/// begin with a name, such as `[.a]` or `[!]`, and a `}` where an array has a value or its end. And a NUL, at which its strings are cut off
/// on their way to us.
///
/// It follows strings, comments and brackets of what is valid. At the first mistake the parser stops and never gets to what comes
/// after it, so that it does not matter where this scan then goes astray.
struct TOMLPrecheck {
    struct Fault: Equatable {
        /// From 1.
        var line: Int
        var problem: String
    }

    private let text: [UInt8]
    private var position = 0
    private var line = 1

    static func fault(in text: [UInt8]) -> Fault? {
        var check = TOMLPrecheck(text: text)
        return check.fault()
    }

    private init(text: [UInt8]) {
        self.text = text
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private func byte(_ offset: Int = 0) -> UInt8? {
        position + offset < text.count ? text[position + offset] : nil
    }

    private mutating func fault() -> Fault? {
        var open: [UInt8] = []
        var isLineStart = true
        var isHeader = false
        while let current = byte() {
            switch current {
            case UInt8(ascii: "\n"):
                line += 1
                isLineStart = true
                isHeader = false
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "#"):
                skip { $0 != UInt8(ascii: "\n") }
                continue
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                let begin = position
                guard !skipString(current) else { return Fault(line: line, problem: nul(before: begin)) }
                isLineStart = false
                continue
            case UInt8(ascii: "[") where isLineStart && open.isEmpty:
                guard hasName() else { return Fault(line: line, problem: "a table's name is missing after \"[\"") }
                isHeader = true
                isLineStart = false
            case UInt8(ascii: "["), UInt8(ascii: "{"): if !isHeader { open.append(current) }
            case UInt8(ascii: "}") where open.last == UInt8(ascii: "["):
                return Fault(line: line, problem: "a \"}\" in an array, which ends with \"]\"")
            case UInt8(ascii: "]"), UInt8(ascii: "}"): if !isHeader { _ = open.popLast() }
            default: isLineStart = false
            }
            position += 1
        }
        return nil
    }

    private mutating func skip(while condition: (UInt8) -> Bool) {
        while let current = byte(), condition(current) { position += 1 }
    }

    /// Whether a name follows the brackets, or what the parser complains about by itself: their end, or that of the text.
    private mutating func hasName() -> Bool {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        position += 1
        skip(while: isBlank)
        if byte() == UInt8(ascii: "[") { position += 1 }
        skip(while: isBlank)
        defer { position -= 1 }
        guard let first = byte() else { return true }
        switch first {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            return true
        default: return "-_\"']".utf8.contains(first)
        }
    }

    private func nul(before begin: Int) -> String {
        let start = text[..<begin].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let isName: (UInt8) -> Bool = { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\"") }
        let name = String(decoding: text[start..<begin].prefix(while: isName), as: UTF8.self)
        return "\(name.isEmpty ? "a string" : name) holds a NUL, which neither an argument nor a variable can"
    }

    /// Whether a NUL is written at the position, after a backslash.
    private var isNUL: Bool {
        let digits = byte() == UInt8(ascii: "u") ? 4 : byte() == UInt8(ascii: "U") ? 8 : 0
        return digits > 0 && (1...digits).allSatisfy { byte($0) == UInt8(ascii: "0") }
    }

    /// - Returns: whether it has a NUL.
    private mutating func skipString(_ quote: UInt8) -> Bool {
        let isLong = byte(1) == quote && byte(2) == quote
        position += isLong ? 3 : 1
        while let current = byte() {
            if current == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                position += 1
                if isNUL { return true }
                if byte() == UInt8(ascii: "\n") { line += 1 }
            } else if current == UInt8(ascii: "\n") {
                // Not within a short one, which is then a mistake.
                guard isLong else { return false }
                line += 1
            } else if current == quote, !isLong || (byte(1) == quote && byte(2) == quote) {
                position += isLong ? 3 : 1
                // A long one may end with one or two quotes of its own before the three.
                if isLong { skip { $0 == quote } }
                return false
            }
            position += 1
        }
        return false
    }
}
