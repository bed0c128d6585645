import FoundationEssentials
import OrchProtocol
import Testing

/// What is wrong with a request is said in words, with the name of what is at fault, and answered to the right id.
@Suite struct BadRequestTests {
    private func error(_ line: String) throws -> (RequestID?, WireError) {
        let (id, result) = Wire.request(from: Data(line.utf8))
        guard case .failure(let error) = result else { throw Accepted() }
        return (id, error)
    }

    private struct Accepted: Error {}

    private func submitError(_ params: String) throws -> WireError {
        let (id, error) = try error(#"{"jsonrpc":"2.0","id":7,"method":"task.submit","params":\#(params)}"#)
        #expect(id == .number(7))
        return error
    }

    @Test(arguments: ["", "x", "{", "[1,2", #"{"jsonrpc":"2.0","id":1,"method":"#, "\u{0}", #"{"a":1}}"#])
    func whatIsNotJSON(_ line: String) throws {
        let (id, error) = try error(line)
        #expect(id == nil)
        #expect(error.kind == .parseError)
    }

    @Test func invalidUTF8IsNotJSON() {
        let (_, result) = Wire.request(from: Data([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]))
        guard case .failure(let error) = result else {
            Issue.record("accepted")
            return
        }
        #expect([.parseError, .invalidRequest].contains(error.kind))
    }

    @Test(
        arguments: [
            ("1", nil, nil), ("[]", nil, nil), (#""x""#, nil, nil), ("{}", nil, "jsonrpc"),
            (#"{"id":3,"method":"daemon.status"}"#, .number(3), "jsonrpc"),
            (#"{"jsonrpc":2.0,"id":3,"method":"daemon.status"}"#, .number(3), "jsonrpc"),
            (#"{"jsonrpc":"2.0","method":"daemon.status"}"#, nil, "id"),
            (#"{"jsonrpc":"2.0","id":null,"method":"daemon.status"}"#, nil, "id"),
            (#"{"jsonrpc":"2.0","id":1.5,"method":"daemon.status"}"#, nil, "id"),
            (#"{"jsonrpc":"2.0","id":"x"}"#, .string("x"), "method"),
            (#"{"jsonrpc":"2.0","id":"x","method":7}"#, .string("x"), "method"),
        ] as [(String, RequestID?, String?)])
    func whatIsNoRequest(_ line: String, _ id: RequestID?, _ field: String?) throws {
        let (readID, error) = try error(line)
        #expect(readID == id)
        #expect(error.kind == .invalidRequest)
        #expect(error.data?.field == field)
    }

    @Test func anUnknownMethodIsNamedWithTheNearest() throws {
        let (id, error) = try error(#"{"jsonrpc":"2.0","id":1,"method":"task.sumbit"}"#)
        #expect(id == .number(1))
        #expect(error.kind == .unknownMethod)
        #expect(error.message == #"there is no method "task.sumbit"; did you mean "task.submit"?"#)
    }

    @Test func aHugeMethodIsNotQuotedWhole() throws {
        let name = String(repeating: "x", count: 1 << 20)
        let (_, error) = try error(#"{"jsonrpc":"2.0","id":1,"method":"\#(name)"}"#)
        #expect(error.message.utf8.count < 200)
    }

    @Test(arguments: ["x", "\u{301}"]) func aHugeKeyIsNotQuotedWhole(_ character: String) throws {
        let key = "a" + String(repeating: character, count: 1 << 20)
        for params in [#"{"prompt":"p","labels":{"\#(key)":5}}"#, #"{"prompt":"p","\#(key)":5}"#] {
            let error = try submitError(params)
            #expect(error.message.utf8.count < 500 && (error.data?.field ?? "").utf8.count < 500)
        }
    }

    @Test func anUnknownParameterIsNamedWithTheNearest() throws {
        let error = try submitError(#"{"command":["x"],"timout":3}"#)
        #expect(error.kind == .invalidParameter)
        #expect(error.message == #"unknown parameter "timout"; did you mean "timeout"?"#)
        #expect(error.data?.field == "timout")
    }

    @Test(arguments: [("", "\"\""), ("params", "params")]) func anOddNameIsAField(_ name: String, _ field: String) throws {
        #expect(try submitError(#"{"prompt":"p","\#(name)":1}"#).data?.field == field)
    }

    @Test func inABatchTheFieldHasTheIndex() throws {
        #expect(try submitError(#"[{"command":["x"]},{"prompt":"p","retrys":3}]"#).data?.field == "[1].retrys")
        let error = try submitError(#"[{"prompt":"p"},{"command":["x"],"timeout":"5m"}]"#)
        #expect(error.data?.field == "[1].timeout")
        #expect(error.message == #""[1].timeout" must be a number of seconds from 0.001 to 315360000, not "5m""#)
    }

    @Test(arguments: [
        (#"{"command":"x"}"#, "command", #"an array, not "x""#), (#"{"command":[1]}"#, "command[0]", "a string"),
        (#"{"prompt":1}"#, "prompt", "a string, not 1"),
        (#"{"prompt":"p","retries":"3"}"#, "retries", #"a whole number from 0 to 1000, not "3""#),
        (#"{"prompt":"p","hold":1}"#, "hold", "true or false, not 1"),
        (#"{"prompt":"p","labels":[]}"#, "labels", "an object, not []"),
        (#"{"prompt":"p","labels":{"a":1}}"#, "labels.a", "a string"),
    ])
    func aWrongTypeIsNamed(_ params: String, _ field: String, _ type: String) throws {
        let error = try submitError(params)
        #expect(error.kind == .invalidParameter)
        #expect(error.data?.field == field)
        #expect(error.message.hasSuffix("must be \(type)"))
    }

    @Test func whatIsNoValueIsNamed() throws {
        let word = try submitError(#"{"prompt":"p","retry_on":["exit","never"]}"#)
        #expect(word.data?.field == "retry_on[1]")
        #expect(word.message.contains("exit, timeout, signal"))
        let time = try submitError(#"{"prompt":"p","not_before":"tomorrow"}"#)
        #expect(time.data?.field == "not_before")
        #expect(time.message.contains("must be a time") && time.message.contains("tomorrow"))
    }

    @Test func aMissingParameterIsNamed() throws {
        for params in ["", #","params":{}"#] {
            let (_, error) = try error(#"{"jsonrpc":"2.0","id":1,"method":"task.get"\#(params)}"#)
            #expect(error.kind == .invalidParameter)
            #expect(error.message == #"task.get needs the parameter "id""#)
            #expect(error.data?.field == "id")
        }
    }

    @Test(arguments: ["1", #""x""#, "[]", "null", "true"]) func parametersOfTheWrongKind(_ params: String) throws {
        let (id, error) = try error(#"{"jsonrpc":"2.0","id":1,"method":"task.get","params":\#(params)}"#)
        #expect(id == .number(1))
        #expect(error.kind == .invalidParameter)
    }

    @Test func aMethodWithoutParametersTakesNone() throws {
        let (_, error) = try error(#"{"jsonrpc":"2.0","id":1,"method":"daemon.status","params":{"x":1}}"#)
        #expect(error.message == #"unknown parameter "x""#)
    }
}
