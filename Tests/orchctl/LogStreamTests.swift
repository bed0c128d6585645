import OrchProtocol
import Testing

@testable import orchctl

@Suite struct LogStreamTests {
    @Test func bytesAreWrittenAsTheyAre() throws {
        var written: [OutputStream: [UInt8]] = [:]
        let stream = LogStream(LogsParameters(id: 1)) { written[$1.stream, default: []] += $0 }
        try stream.accept(OutputChunk(stream: .stdout, offset: 0, text: "ü\n"))
        try stream.accept(OutputChunk(stream: .stderr, offset: 0, base64: "/wA="))
        try stream.accept(OutputChunk(stream: .stdout, offset: 3, text: "x"))
        #expect(written == [.stdout: Array("ü\nx".utf8), .stderr: [0xFF, 0]])
    }

    @Test(arguments: [nil, "!"]) func aPieceWithoutBytesIsAnError(_ base64: String?) {
        let stream = LogStream(LogsParameters(id: 1)) { _, _ in }
        #expect(throws: (any Error).self) { try stream.accept(OutputChunk(stream: .stdout, offset: 0, base64: base64)) }
    }

    @Test func afterAReconnectionNothingIsWrittenTwice() throws {
        var written = ""
        let stream = LogStream(LogsParameters(id: 1)) { bytes, _ in written += String(decoding: bytes, as: UTF8.self) }
        try stream.accept(OutputChunk(stream: .stdout, offset: 0, text: "one\ntw", attempt: 1))
        stream.prepareRepeat()
        try stream.accept(OutputChunk(stream: .stdout, offset: 0, text: "one\n", attempt: 1))
        try stream.accept(OutputChunk(stream: .stdout, offset: 4, text: "two\n", attempt: 1))
        try stream.accept(OutputChunk(stream: .stdout, offset: 8, text: "three\n", attempt: 1))
        // The next attempt begins at 0 again, and is new.
        try stream.accept(OutputChunk(stream: .stdout, offset: 0, text: "one\n", attempt: 2))
        #expect(written == "one\ntwo\nthree\none\n")
    }
}
