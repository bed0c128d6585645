import FoundationEssentials
import TestSupport
import Testing

@testable import OrchProtocol

/// The reader may leave anything to the decoder, but where it answers, it answers the same.
@Suite struct SubmissionReaderTests {
    private func agrees(_ line: String) -> Bool {
        let line = Data(line.utf8)
        guard let request = SubmissionReader.request(from: line) else { return true }
        return (try? JSONDecoder().decode(Request.self, from: line)) == request
    }

    private func submission(_ task: String) -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"task.submit","params":\#(task)}"#
    }

    @Test(arguments: [
        #"{"command":["/bin/true"]}"#, #"[]"#, #"[{"command":["a","b c","é"]},{"prompt":"1\n2 \ud83d\ude00 \"x\""}]"#,
        #"{ "command" : [ "a" ] , "labels" : { "team" : "x" }, "env":{"A":"b"}, "priority":-3, "timeout": 60, "retries":0 }"#,
        #"{"prompt":"p","model":"m","thinking":"low","cwd":"/tmp","stdin":"in","key":"k","name":"n","comment":"c","idle_timeout":5}"#,
    ])
    func takesUsualOnes(_ task: String) {
        let line = submission(task)
        #expect(SubmissionReader.request(from: Data(line.utf8)) != nil)
        #expect(agrees(line))
    }

    @Test(arguments: [
        #"{"command":["a"],"command":["b"]}"#, #"{"command":null}"#, #"{"command":["a"],"comand":1}"#, #"{"command":[1]}"#,
        #"{"command":["a"],"priority":1.5}"#, #"{"command":["a"],"priority":99999999999999999999}"#, #"[{"command":["a"]},]"#,
        #"{"command":["a"],"timeout":1e3}"#, #"{"command":["a"],"labels":{"a":"1","a":"2"}}"#, #"{"prompt":"\ud800"}"#,
        #"{"command":["a"],"priority":-}"#, #"{"command":["a"]"#, #"{"command":["a"],"not_before":"2026-01-01T00:00:00Z"}"#,
        #"{"prompt":"a\qb"}"#, #"{"priority":01,"command":["a"]}"#, #"{"labels":{"e\u0301":"x","é":"y"},"command":["a"]}"#,
        #"{"labels":{"é":"x","é":"y"},"command":["a"]}"#, "{\"prompt\":\"a\nb\"}", #"{"hold":true,"command":["a"]}"#, "7", "",
    ])
    func neverDiffersOnOddOnes(_ task: String) { #expect(agrees(submission(task))) }

    @Test func neverDiffersOnOddFrames() {
        for line in [
            #"{"jsonrpc":"2.0","id":1.0,"method":"task.submit","params":[]}"#,
            #"{"jsonrpc":"2.0","id":"a","method":"task.submit","params":[]} x"#,
            #"{"jsonrpc":"1.0","id":"a","method":"task.submit","params":[]}"#,
            #"{"jsonrpc":"2.0","id":null,"method":"task.submit","params":[]}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"task.get","params":{"x":"task.submit"}}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"task.submit","params":[],"more":1}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"task.submit"}"#,
        ] { #expect(agrees(line), "\(line)") }
    }

    @Test func neverDiffersOnWhatAByteHasSpoilt() {
        let whole = Array(
            submission(#"[{"command":["a","é"],"priority":-12,"env":{"A":"\u00e9"}},{"prompt":"p\n","retries":3}]"#).utf8)
        var random = SeededGenerator(11)
        for _ in 0..<5_000 {
            var bytes = whole
            let index = Int.random(in: bytes.indices, using: &random)
            if random.chance(30) { bytes.remove(at: index) } else { bytes[index] = random.byte() }
            let line = Data(bytes)
            guard let request = SubmissionReader.request(from: line) else { continue }
            #expect(
                (try? JSONDecoder().decode(Request.self, from: line)) == request, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
