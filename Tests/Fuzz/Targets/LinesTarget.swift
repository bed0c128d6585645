@testable import OrchClient

/// The line buffers of both ends: however the bytes arrive, the lines are the same.
enum LinesTarget: FuzzTarget {
    static let name = "lines"

    static func check(_ input: [UInt8]) throws {
        let input = Pieces(input)
        var expected = input.whole.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        expected.removeLast()
        try hold(engineLines(input.pieces) == expected, "the engine cuts other lines")
        try hold(client(input.pieces, limit: 1 << 20) == expected, "the client cuts other lines")
        // At the limit the lines before are whole, and where it is passed does not depend on the pieces.
        let limit = 8
        let short = expected.prefix { $0.count <= limit }
        try hold(client(input.pieces, limit: limit) == Array(short), "the limit changes the lines before it")
    }

    private static func client(_ pieces: [ArraySlice<UInt8>], limit: Int) -> [[UInt8]] {
        var buffer = LineBuffer(limit: limit)
        var lines: [[UInt8]] = []
        for piece in pieces {
            piece.withUnsafeBytes { buffer.append($0) }
            do {
                while let line = try buffer.next() { lines.append(line) }
            } catch {
                return lines
            }
        }
        return lines
    }
}
