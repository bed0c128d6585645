import Foundation
import OrchProtocol
import Testing

/// What clients ask for that follow many tasks on one connection: bounded waits, parts of outputs, lists, and ends of streams.
@Suite(.onThreads) struct RequestTests {
    private let daemon: Daemon
    private let client: RawClient

    init() throws {
        daemon = try Daemon(workers: 2)
        client = try RawClient(daemon)
    }

    /// The next line as an object.
    private func next() throws -> [String: Any] {
        let line = try #require(try client.line())
        return try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }

    private func result(_ method: String, _ parameters: String) throws -> [String: Any] {
        client.send(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)}"#)
        while true {
            let line = try next()
            if line["id"] != nil { return try #require(line["result"] as? [String: Any], "\(method) \(parameters): \(line)") }
        }
    }

    private func refusal(_ method: String, _ parameters: String) throws -> String {
        let answer = try client.ask(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)}"#)
        return try #require(answer.error).message
    }

    @Test func aStreamIsEndedByItsClient() throws {
        let task = try #require(Int64(try daemon.orchctl("submit", "--", "sleep", "600").output.filter(\.isNumber)))
        let streams = [
            #""task.wait","params":{"ids":[\#(task)],"timeout":3600}"#, #""task.wait","params":{"ids":[\#(task)]}"#,
            #""task.logs","params":{"id":\#(task),"follow":true}"#, #""events.subscribe","params":{}"#,
        ]
        for round in 0..<300 {
            let id = round.isMultiple(of: 2) ? "\(round)" : "\"\(round)\""
            client.send(#"{"jsonrpc":"2.0","id":\#(id),"method":\#(streams[round % streams.count])}"#)
            client.send(#"{"jsonrpc":"2.0","id":"c","method":"request.cancel","params":{"request":\#(id)}}"#)
            let (ended, cancelled) = (try next(), try next())
            let error = try #require(ended["error"] as? [String: Any], "\(ended)")
            #expect(
                "\(ended["id"] ?? "")" == "\(round)" && (error["data"] as? [String: String])?["code"] == "request_cancelled")
            #expect(cancelled["id"] as? String == "c" && cancelled["result"] != nil)
        }
        // More than one connection may have at once, had they not ended.
        #expect(try refusal("request.cancel", #"{"request":5}"#).contains("no stream with this id"))
        #expect(try refusal("request.cancel", "{}").contains("request"))
        // What has ended is not heard of again, and the connection is as good as new.
        _ = try daemon.orchctl("stop", "\(task)")
        #expect((try result("task.wait", #"{"ids":[\#(task)]}"#)["tasks"] as? [Any])?.count == 1)
    }

    @Test func aWaitIsBounded() throws {
        _ = try daemon.orchctl("submit", "--", "true")
        _ = try daemon.orchctl("submit", "--hold", "--", "true")
        #expect(try result("task.wait", #"{"ids":[1],"timeout":60}"#)["timed_out"] == nil)
        let some = try result("task.wait", #"{"ids":[2,1],"timeout":0.05,"brief":true}"#)
        #expect((some["tasks"] as? [[String: Any]])?.map { $0["id"] as? Int } == [1] && some["timed_out"] as? Bool == true)
        #expect((some["tasks"] as? [[String: Any]])?.first?["command"] == nil)
        #expect((try result("task.wait", #"{"ids":[2,1],"any":true}"#)["tasks"] as? [Any])?.count == 1)
        #expect(try refusal("task.wait", #"{"ids":[1],"timeout":-1}"#).contains("must be a number of seconds from 0"))
        #expect(try refusal("task.wait", #"{"ids":[1],"timeout":1e300}"#).contains("must be a number of seconds from 0"))
    }

    /// Any two pieces that follow each other are the whole, also where they cut a character.
    @Test func aPartOfAnOutputIsAsked() throws {
        let text = "aä€\u{1F600}z"
        _ = try daemon.orchctl("run", "--", "printf", "%s", text)
        func part(_ offset: Int, _ limit: Int?) throws -> [UInt8] {
            let limit = limit.map { #","limit":\#($0)"# } ?? ""
            client.send(
                #"{"jsonrpc":"2.0","id":1,"method":"task.logs","params":{"id":1,"stream":"stdout","offset":\#(offset)\#(limit)}}"#
            )
            var bytes: [UInt8] = []
            while true {
                let line = try next()
                guard let chunk = (line["params"] as? [String: Any])?["output"] as? [String: Any] else {
                    let end = try #require(line["result"] as? [String: Any], "\(line)")
                    #expect(end["stdout"] as? Int == text.utf8.count)
                    return bytes
                }
                #expect(chunk["offset"] as? Int == offset + bytes.count)
                bytes += (chunk["text"] as? String).map { Array($0.utf8) } ?? []
                bytes += (chunk["base64"] as? String).flatMap { Data(base64Encoded: $0) }.map { Array($0) } ?? []
            }
        }
        let whole = Array(text.utf8)
        for cut in 0...whole.count {
            #expect(
                try part(0, max(cut, 1)) == Array(whole.prefix(max(cut, 1))) && part(cut, nil) == Array(whole.dropFirst(cut)))
        }
        #expect(try part(1_000_000, 5) == [])
        for (parameters, says) in [
            (#"{"id":1,"offset":1}"#, "one stream"), (#"{"id":1,"limit":1}"#, "one stream"),
            (#"{"id":1,"stream":"stdout","offset":-1}"#, "at least 0"),
            (#"{"id":1,"stream":"stdout","limit":0}"#, "at least 1"),
            (#"{"id":1,"stream":"stdout","offset":1,"tail":1}"#, "tail"),
        ] {
            #expect(try refusal("task.logs", parameters).contains(says), "\(parameters)")
        }
    }

    @Test func listsAreFiltered() throws {
        let lines = [
            #"{"command":["echo","Grüße an 100%"],"name":"first"}"#,
            #"{"command":["make","-C","dir with space"],"comment":"Nightly Build"}"#,
            #"{"command":["true"],"hold":true,"name":"NIGHT_watch"}"#, #"{"command":["true","[x]\\"],"hold":true}"#,
        ]
        for line in lines {
            #expect(try daemon.orchctl("submit", "--batch", "-", input: Array((line + "\n").utf8)).status == 0)
        }
        func ids(_ parameters: String) throws -> [Int] {
            let tasks = try result("task.list", parameters)["tasks"] as? [[String: Any]]
            return try #require(tasks).compactMap { $0["id"] as? Int }
        }
        for (text, found) in [
            ("night", [3, 2]), ("NIGHT", [3, 2]), ("grüße", [1]), ("100%", [1]), ("%", [1]), ("_", [3]), ("echo gr", [1]),
            ("-c dir", [2]), ("r with sp", [2]), ("[x]", [4]), ("\\\\", [4]), ("true", [4, 3]), ("nothing", []), ("'", []),
        ] {
            #expect(try ids(#"{"text":"\#(text)"}"#) == found, "\(text)")
        }
        #expect(try ids(#"{"ids":[2,4,99]}"#) == [4, 2])
        #expect(try ids(#"{"submitter":\#(getuid())}"#).count == 4 && ids(#"{"submitter":54321}"#) == [])
        #expect(try ids(#"{"since":"2020-01-01T00:00:00Z"}"#).count == 4 && ids(#"{"until":"2020-01-01T00:00:00Z"}"#) == [])
        #expect(try ids(#"{"order":"oldest","limit":3}"#) == [1, 2, 3] && ids(#"{"order":"oldest","cursor":3}"#) == [4])
        #expect(
            try refusal("task.list", #"{"ids":[]}"#).contains("ids") && refusal("task.list", #"{"text":""}"#).contains("text"))
        #expect(try refusal("task.list", #"{"order":"up"}"#).contains("newest"))
    }
}
