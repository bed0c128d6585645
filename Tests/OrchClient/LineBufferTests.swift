import Testing

@testable import OrchClient

@Suite struct LineBufferTests {
    private func lines(_ pieces: [[UInt8]], limit: Int = 100) throws -> [[UInt8]] {
        var buffer = LineBuffer(limit: limit)
        var lines: [[UInt8]] = []
        for piece in pieces {
            piece.withUnsafeBytes { buffer.append($0) }
            while let line = try buffer.next() { lines.append(line) }
        }
        return lines
    }

    @Test func everyCutGivesTheSameLines() throws {
        let text = Array("first\n\nthird line\nrest".utf8)
        let expected = ["first", "", "third line"].map { Array($0.utf8) }
        for first in 0...text.count {
            for second in first...text.count {
                let pieces = [text[..<first], text[first..<second], text[second...]].map(Array.init)
                #expect(try lines(pieces) == expected)
            }
        }
    }

    @Test func theLimitIsExact() throws {
        let fits = [UInt8](repeating: 0x61, count: 10)
        #expect(try lines([fits + [0x0A]], limit: 10) == [fits])
        #expect(throws: ClientError.self) { try lines([fits + [0x61, 0x0A]], limit: 10) }
        #expect(throws: ClientError.self) { try lines([fits, [0x61]], limit: 10) }
    }
}
