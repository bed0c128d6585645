/// Numbers as programs print them for people: `$0.0021`, `1,234`, `2.4k`.
enum NumberText {
    /// The number at the end of the text, or else at its beginning.
    static func value(in text: String) -> Double? {
        let words = text.split { $0 == " " || $0 == "\t" }
        return words.last.flatMap(value(of:)) ?? words.first.flatMap(value(of:))
    }

    private static func value(of word: Substring) -> Double? {
        var word = word.drop { $0 == "$" || $0 == "~" }
        while let last = word.last, ".,;:)]".contains(last) { word.removeLast() }
        var factor = 1.0
        switch word.last {
        case "k", "K": factor = 1e3
        case "m", "M": factor = 1e6
        default: break
        }
        if factor != 1 { word.removeLast() }
        guard word.first?.isNumber ?? false, word.allSatisfy({ "0123456789.,".contains($0) }),
            let number = Double(word.filter { $0 != "," }), number.isFinite
        else { return nil }
        return number * factor
    }
}
