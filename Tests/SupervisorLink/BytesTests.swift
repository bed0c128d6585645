import TestSupport
import Testing

@testable import SupervisorLink

/// What a program is started with comes out of the link as the bytes that went in.
struct BytesTests {
    @Test func anyBytesButNULComeThrough() throws {
        var random = SeededGenerator(3)
        func some(_ least: Int) -> ByteString {
            ByteString((0..<Int.random(in: least...40, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) })
        }
        for attempt in 1...300 {
            var order = LaunchOrder(
                attempt: UInt64(attempt), name: "1.\(attempt)", pool: "p", arguments: [some(1), some(0), some(0)])
            order.environment = ["A\(some(0))=\(some(0))"]
            order.directory = "/\(some(0))"
            let message = EngineMessage.launch(order)
            #expect(try EngineMessage.decode(message.encoded()[...]) == [message])
        }
    }
}
