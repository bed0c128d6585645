import NIOCore
import OrchProtocol
import Testing

@testable import Engine

@Suite struct LineBufferTests {
    private func lines(_ pieces: [String]) -> [String] {
        var buffer = LineBuffer()
        var result: [String] = []
        for piece in pieces {
            var bytes = ByteBuffer(string: piece)
            buffer.append(&bytes)
            while let next = buffer.next() {
                guard case .line(let line) = next else { return result + ["too long"] }
                result.append(String(buffer: line))
            }
        }
        return result
    }

    @Test(arguments: [
        (["a\nb\n"], ["a", "b"]), (["a", "b\n", "c"], ["ab"]), (["\n\n"], ["", ""]), (["a\n", "\n", "b\n"], ["a", "", "b"]),
        ([""], []), (["{}\r\n"], ["{}\r"]),
    ])
    func cuts(_ pieces: [String], _ expected: [String]) {
        #expect(lines(pieces) == expected)
    }

    @Test func tornAnywhereItIsTheSame() {
        let text = "first\nsecond line\n\nfourth\n"
        for cut in 0...text.utf8.count {
            let index = text.utf8.index(text.startIndex, offsetBy: cut)
            #expect(lines([String(text[..<index]), String(text[index...])]) == ["first", "second line", "", "fourth"])
        }
    }

    @Test func aLineHasALimit() {
        let limit = Wire.maximumLineLength
        #expect(lines([String(repeating: "x", count: limit) + "\n"]).first?.utf8.count == limit)
        #expect(lines([String(repeating: "x", count: limit + 1) + "\n"]) == ["too long"])
        #expect(lines(Array(repeating: String(repeating: "x", count: 1 << 20), count: 5)) == ["too long"])
    }

    @Test func aSubmissionMayBeLonger() {
        let head = "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"task.submit\",\"params\":["
        let long = head + String(repeating: "x", count: Wire.maximumLineLength)
        #expect(lines([long, "\n"]) == [long])
        let endless = Array(repeating: String(repeating: "x", count: 8 << 20), count: 9)
        #expect(lines([head] + endless) == ["too long"])
    }
}
