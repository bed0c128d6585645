import Foundation
import OrchProtocol
import Testing

/// Promise 5: bad input gets an answer, never an outage.
@Suite(.onThreads) struct BadInputTests {
    @Test func everyMalformedLineIsAnsweredAndTheConnectionGoesOn() throws {
        let daemon = try Daemon()
        let client = try RawClient(daemon)
        func expect(
            _ line: String, _ code: WireError.Code, field: String? = nil, says text: String, id: RequestID? = .number(1)
        ) throws {
            let answer = try client.ask(line)
            #expect(answer.id == id, "\(line)")
            #expect(answer.error?.kind == code, "\(line): \(String(describing: answer.error))")
            #expect(answer.error?.data?.field == field, "\(line): \(String(describing: answer.error))")
            #expect(answer.error?.message.contains(text) ?? false, "\(line): \(String(describing: answer.error))")
        }
        func request(_ method: String, _ parameters: String) -> String {
            #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)}"#
        }
        try expect("hello", .parseError, says: "not JSON", id: nil)
        try expect("{", .parseError, says: "not JSON", id: nil)
        try expect(String(repeating: "[", count: 100_000), .parseError, says: "not JSON", id: nil)
        try expect("[]", .invalidRequest, says: "object", id: nil)
        try expect("42", .invalidRequest, says: "object", id: nil)
        try expect("null", .invalidRequest, says: "object", id: nil)
        try expect("{}", .invalidRequest, field: "jsonrpc", says: "jsonrpc", id: nil)
        try expect(#"{"jsonrpc":"2.0","method":"daemon.status"}"#, .invalidRequest, field: "id", says: "id", id: nil)
        try expect(#"{"jsonrpc":"2.0","id":{},"method":"daemon.status"}"#, .invalidRequest, field: "id", says: "id", id: nil)
        try expect(#"{"jsonrpc":"2.0","id":1}"#, .invalidRequest, field: "method", says: "method")
        try expect(request("task.sumbit", "{}"), .unknownMethod, says: #"did you mean "task.submit"?"#)
        try expect(request("task.submit", "{}"), .invalidParameter, field: "command", says: "needs")
        try expect(request("task.submit", "7"), .invalidParameter, says: "must be an object")
        try expect(
            request("task.submit", #"{"comand":["true"]}"#), .invalidParameter, field: "comand",
            says: #"did you mean "command"?"#)
        try expect(
            request("task.submit", #"{"command":"true"}"#), .invalidParameter, field: "command", says: "must be an array")
        try expect(
            request("task.submit", #"{"command":[1]}"#), .invalidParameter, field: "command[0]", says: "must be a string")
        try expect(
            request("task.submit", #"[{"command":["true"]},{"command":["true"],"timeout":"soon"}]"#), .invalidParameter,
            field: "[1].timeout", says: "must be a number")
        try expect(request("task.get", "{}"), .invalidParameter, field: "id", says: "needs the parameter \"id\"")
        try expect(request("task.get", #"{"id":"7"}"#), .invalidParameter, field: "id", says: "must be a whole number")
        try expect(request("task.get", #"{"id":7}"#), .notFound, field: "id", says: "there is no task 7")
        try expect(request("task.list", #"{"limit":1001}"#), .invalidParameter, field: "limit", says: "1000")
        try expect(request("task.wait", #"{"ids":[]}"#), .invalidParameter, field: "ids", says: "1 to")
        try expect(
            request("task.submit", #"{"command":["true"],"pool":"defalt"}"#), .unknownPool, field: "pool", says: "did you mean")
        #expect(try client.ask(request("daemon.version", "{}")).error == nil)
        #expect(try daemon.call(.list, ListParameters()).tasks.isEmpty)
        try daemon.finish()
    }

    @Test func bytesThatAreNoUTF8AndNULsAreRefused() throws {
        let daemon = try Daemon()
        let client = try RawClient(daemon)
        let head = Array(#"{"jsonrpc":"2.0","id":1,"method":"task.submit","params":{"command":["echo",""#.utf8)
        let tail = Array(#""]}}"#.utf8) + [0x0A]
        for bytes: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] {
            client.send(head + bytes + tail)
            let answer = try client.answer()
            #expect(answer?.error?.kind == .parseError, "\(bytes): \(String(describing: answer))")
            #expect(answer?.id == .number(1) && answer?.error?.message == "the line is not UTF-8")
        }
        client.send(head + Array(#"a\u0000b"#.utf8) + tail)
        let answer = try client.answer()
        #expect(answer?.error?.kind == .invalidParameter && answer?.error?.data?.field == "command[1]")
        client.send(head + [0x00] + tail)
        #expect(try client.answer()?.error?.message.contains("control character") ?? false)
        // A lone surrogate is no character.
        client.send(head + Array(#"\ud800"#.utf8) + tail)
        let surrogate = try client.answer()
        #expect(surrogate?.error?.kind == .invalidParameter && surrogate?.id == .number(1))
        #expect(surrogate?.error?.message.contains("surrogate") ?? false)
        // And what is UTF-8 arrives as it was sent.
        let id = try daemon.submit("printf", "%s", "ü€𝄞")
        #expect(try daemon.end(of: id).state == .succeeded)
        #expect(try daemon.orchctl("logs", String(id)).bytes == Array("ü€𝄞".utf8))
        try daemon.finish()
    }

    @Test func aBatchIsTakenAsAWholeOrNotAtAll() throws {
        let daemon = try Daemon()
        let good = #"{"command":["true"]}"#
        let spoilt = try daemon.orchctl("submit", "--batch", "-", input: Array("\(good)\n{\"comand\":[]}\n\(good)\n".utf8))
        #expect(spoilt.status == 2 && spoilt.error.contains("line 2"), "\(spoilt)")
        // What only the daemon can judge.
        let unknown = #"{"command":["true"],"pool":"nosuch"}"#
        let refused = try daemon.orchctl("submit", "--batch", "-", input: Array("\(good)\n\n\(unknown)\n".utf8))
        #expect(
            refused.status == 4 && refused.error.contains("line 3") && refused.error.contains("no task was taken"), "\(refused)"
        )
        #expect(try daemon.call(.list, ListParameters()).tasks.isEmpty)
        let taken = try daemon.orchctl("submit", "--batch", "-", input: Array("\(good)\n\(good)\n".utf8))
        #expect(taken.output == "1\n2\n")
        try daemon.finish()
    }
}
