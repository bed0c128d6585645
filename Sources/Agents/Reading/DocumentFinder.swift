import OrchProtocol

/// Finds JSON within what else a program has printed. Escape codes are expected to be gone.
enum DocumentFinder {
    /// The complete objects and arrays in the bytes, one after the other, none of them within another.
    ///
    /// A document that breaks off is told of and not looked into: what is whole within it is a part of something.
    ///
    /// - Parameters:
    ///   - range: where to look; else everywhere.
    ///   - broken: is told of each document that is begun and not whole.
    ///   - body: is handed each in turn, and answers whether to look for more.
    static func documents(
        in bytes: [UInt8], _ range: Range<Int>? = nil, broken: () -> Void = {}, _ body: (JSONSpan) -> Bool
    ) {
        var position = range?.lowerBound ?? 0
        let end = range?.upperBound ?? bytes.count
        // Text that begins like a document and is not one costs another look at what comes after it. Programs print a line or
        // two of such; for something that is made to cost time there is an end.
        var patience = 4 * (end - position) + 65_536
        while patience > 0,
            let start = bytes[position..<end].firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") })
        {
            var scanner = JSONScanner(bytes, in: start..<end)
            do {
                let range = try scanner.value()
                if isPart(bytes, range.upperBound..<end) {
                    broken()
                    position = lineAfter(bytes, range.upperBound..<end)
                    continue
                }
                guard body(JSONSpan(bytes: bytes, range: range)) else { return }
                position = range.upperBound
            } catch {
                patience -= error.position - start
                position = start + 1
                guard isBegun(bytes, start..<end, brokenAt: error.position) else { continue }
                broken()
                position = lineAfter(bytes, error.position..<end)
            }
        }
        // What comes after this place was not looked at.
        if patience <= 0 { broken() }
    }

    /// The documents of the lines, and how many there were of them at each break: a line of which a document is not whole.
    ///
    /// A line may hold several, and other words. Only objects count, since programs like to begin a line with a time in brackets.
    static func lines(in bytes: [UInt8]) -> (documents: [JSONSpan], breaks: [Int]) {
        var documents: [JSONSpan] = []
        var breaks: [Int] = []
        for line in bytes.indices.split(whereSeparator: { bytes[$0] == UInt8(ascii: "\n") }) {
            let range = line.startIndex..<line.endIndex
            guard bytes[range].contains(UInt8(ascii: "{")) else { continue }
            self.documents(in: bytes, range, broken: { breaks.append(documents.count) }) { document in
                if bytes[document.range.lowerBound] == UInt8(ascii: "{") { documents.append(document) }
                return true
            }
        }
        return (documents, breaks)
    }

    /// Whether what follows a document shows that it stood within another one, of which the beginning is lost.
    private static func isPart(_ bytes: [UInt8], _ rest: Range<Int>) -> Bool {
        func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        guard let next = bytes[rest].firstIndex(where: { !isSpace($0) }) else { return false }
        switch bytes[next] {
        case UInt8(ascii: "]"), UInt8(ascii: "}"): return true
        case UInt8(ascii: ","):
            return bytes[(next + 1)..<rest.upperBound].first { !isSpace($0) }.map("\"{[".utf8.contains) ?? false
        default: return false
        }
    }

    /// Whether what does not end well is a document all the same, and not a brace in some text: it has the first key of an object.
    private static func isBegun(_ bytes: [UInt8], _ range: Range<Int>, brokenAt error: Int) -> Bool {
        var index = range.lowerBound
        func next() -> UInt8? {
            repeat { index += 1 } while index < range.upperBound && [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index])
            return index < range.upperBound ? bytes[index] : nil
        }
        let isFirst = index == 0 || bytes[index - 1] == UInt8(ascii: "\n")
        if bytes[index] == UInt8(ascii: "[") {
            // An array of objects; else it is a word in brackets.
            guard isFirst, next() == UInt8(ascii: "{") else { return false }
        }
        switch next() {
        case nil: return isFirst
        case UInt8(ascii: "\""): break
        default: return false
        }
        repeat {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
            // It ends within the key.
            if index >= range.upperBound { return true }
        } while bytes[index] != UInt8(ascii: "\"")
        let colon = next()
        return colon == nil || (colon == UInt8(ascii: ":") && error > index)
    }

    /// Where the first line begins that can belong to no document which is laid out on several lines.
    static func lineAfter(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while let feed = bytes[index..<range.upperBound].firstIndex(of: UInt8(ascii: "\n")) {
            index = feed + 1
            guard index < range.upperBound else { break }
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: ","): continue
            default: return index
            }
        }
        return range.upperBound
    }
}
