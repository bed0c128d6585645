import OrchProtocol
import TestSupport
import Testing

@testable import DiscordBridge

@Suite struct LogReaderTests {
    /// Two streams that grow, read again and again in pieces that overlap and end anywhere: each line comes once, whole and in its order.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func eachLineComesOnce(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let whole: [OutputStream: [UInt8]] = [.stdout: Self.lines("out", &random), .stderr: Self.lines("err", &random)]
        var written: [OutputStream: Int] = [:]
        var place = LogPlace()
        var read = ""
        while true {
            for (stream, bytes) in whole {
                written[stream, default: 0] = min(
                    bytes.count, written[stream, default: 0] + Int.random(in: 0...90, using: &random))
            }
            let isLast = whole.allSatisfy { written[$0.key] == $0.value.count }
            var reader = LogReader(after: place)
            for stream in [OutputStream.stdout, .stderr] {
                let end = written[stream] ?? 0
                // From somewhere before what is known, in some pieces.
                var start = Int.random(in: 0...Int(place[stream]), using: &random)
                while start < end {
                    let next = min(end, start + Int.random(in: 1...40, using: &random))
                    let bytes = whole[stream]?[start..<next] ?? []
                    reader.take(OutputChunk(stream: stream, offset: Int64(start), text: String(decoding: bytes, as: UTF8.self)))
                    start = next
                }
            }
            let piece = reader.piece(isLast: isLast)
            #expect(isLast || piece.text.isEmpty || piece.text.hasSuffix("\n"))
            read += piece.text
            place = piece.place
            if isLast { break }
        }
        for (stream, bytes) in whole {
            let word = stream == .stdout ? "out" : "err"
            let lines = read.split(separator: "\n").filter { $0.hasPrefix(word) }
            #expect(lines == String(decoding: bytes, as: UTF8.self).split(separator: "\n"))
        }
    }

    private static func lines(_ word: String, _ random: inout SeededGenerator) -> [UInt8] {
        let count = Int.random(in: 1...40, using: &random)
        return Array((0..<count).map { "\(word) \($0)\n" }.joined().utf8)
    }

    @Test func aNewAttemptBeginsAnew() {
        var reader = LogReader(after: LogPlace(attempt: 1, stdout: 50, stderr: 0))
        reader.take(OutputChunk(stream: .stdout, offset: 0, text: "old\n", attempt: 1))
        reader.take(OutputChunk(stream: .stdout, offset: 0, text: "new\nhalf", attempt: 2))
        #expect(reader.piece(isLast: false) == LogPiece(text: "new\n", place: LogPlace(attempt: 2, stdout: 4), isLast: false))
    }

    @Test func whatWasLeftOutIsPassedOver() {
        var reader = LogReader(after: LogPlace(attempt: 1, stdout: 4))
        reader.take(OutputChunk(stream: .stdout, offset: 100, text: "late\n"))
        #expect(reader.piece(isLast: true) == LogPiece(text: "late\n", place: LogPlace(attempt: 1, stdout: 105), isLast: true))
    }
}
