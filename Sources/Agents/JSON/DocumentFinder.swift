import OrchProtocol

/// Finds JSON in the output of a program that may print other things before and after it.
enum DocumentFinder {
    /// The complete objects and arrays in the bytes, one after the other, none of them within another.
    ///
    /// - Parameter body: is handed each in turn, and answers whether to look for more.
    static func documents(in bytes: [UInt8], _ body: (JSONText) -> Bool) {
        var position = 0
        // What begins like a document and is none costs another look at what comes after it. Programs print a line or two of such;
        // for something that is made to cost time there is an end.
        var patience = 4 * bytes.count + 65_536
        while patience > 0,
            let start = bytes[position...].firstIndex(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "[") })
        {
            var scanner = JSONScanner(bytes, in: start..<bytes.count)
            do {
                let range = try scanner.value()
                guard body(JSONText(bytes: bytes, range: range)) else { return }
                position = range.upperBound
            } catch {
                patience -= error.position - start
                position = start + 1
            }
        }
    }

    /// The documents of which each has a line to itself; lines that are none are passed over.
    static func lines(in bytes: [UInt8]) -> [JSONText] {
        bytes.indices.split { bytes[$0] == UInt8(ascii: "\n") }.compactMap { line in
            var scanner = JSONScanner(bytes, in: line.startIndex..<line.endIndex)
            scanner.skipSpace()
            guard scanner.position < line.endIndex, bytes[scanner.position] == UInt8(ascii: "{"),
                let range = try? scanner.value()
            else { return nil }
            return JSONText(bytes: bytes, range: range)
        }
    }
}
