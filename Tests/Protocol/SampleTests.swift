import Foundation
import Testing

@testable import OrchProtocol

/// Runs what the code really writes and reads through the schema.
@Suite struct SampleTests {
    let schema = Schema.shared

    private func sample<T: Codable>(of type: T.Type) throws -> JSON {
        try JSON.parse(Wire.line(Probe.value(of: type)))
    }

    private func isReadable(_ value: JSON, as type: any Decodable.Type) -> Bool {
        func asParameters<P: MethodParameters>(_: P.Type) -> Bool {
            (try? Wire.decode(Strict<P>.self, from: Wire.line(value))) != nil
        }
        if let parameters = type as? any MethodParameters.Type { return asParameters(parameters) }
        return (try? Wire.decode(type, from: Wire.line(value))) != nil
    }

    /// As the parameters of a request are read.
    private struct Strict<P: MethodParameters>: Decodable {
        init(from decoder: any Decoder) throws { _ = try P(from: StrictDecoder(base: decoder)) }
    }

    @Test(arguments: SchemaTests.objects.indices)
    func everyMemberIsWrittenAsTheSchemaSays(_ index: Int) throws {
        let type = SchemaTests.objects[index]
        let name = Shape.name(of: type)
        let value = try sample(of: type)
        var definition = try #require(schema.definitions[name])
        // Everything is in the sample, alternatives included.
        definition["oneOf"] = nil
        #expect(schema.complaints(value, against: definition, closed: true) == [], "\(name)")
        #expect(value.keys == definition["properties"]?.keys, "\(name)")
    }

    @Test(arguments: SchemaTests.objects.indices)
    func onlyRequiredMembersAreMissed(_ index: Int) throws {
        let type = SchemaTests.objects[index]
        let name = Shape.name(of: type)
        let full = try sample(of: type)
        #expect(isReadable(full, as: type), "\(name)")
        let required = schema.definitions[name]?["required"]?.strings ?? []
        for key in full.keys {
            var part = full
            part[key] = nil
            #expect(isReadable(part, as: type) != required.contains(key), "\(name) without \(key)")
        }
    }

    @Test func unknownMembersAreRefusedInParametersAndPassedOverInResults() throws {
        for type in SchemaTests.objects {
            let name = Shape.name(of: type)
            var value = try sample(of: type)
            value["surprise"] = .number(1)
            let isOpen = schema.definitions[name]?["additionalProperties"] != .bool(false)
            #expect(isReadable(value, as: type) == isOpen, "\(name)")
        }
    }

    @Test func eventLinesAreThoseOfTheEncoder() throws {
        let event = try Probe.value(of: Event.self)
        #expect(try JSON.parse(event.line) == JSON.parse(Wire.line(event)))
    }

    @Test func timesAreWrittenInMilliseconds() throws {
        #expect(try JSON.parse(Wire.line([Timestamp(milliseconds: 0)])) == .array([.string("1970-01-01T00:00:00.000Z")]))
    }
}

/// The checks above are worth something only if the validator finds fault where there is one.
@Suite struct ValidatorTests {
    let schema = Schema.shared

    private func complaints(_ text: String, _ name: String, closed: Bool = false) throws -> [String] {
        schema.complaints(try JSON.parse(text), against: schema.definitions[name] ?? .bool(false), closed: closed)
    }

    @Test func acceptsWhatIsRight() throws {
        #expect(try complaints(#"{"id":7,"created":true}"#, "Submitted", closed: true) == [])
        #expect(try complaints(#"{"id":7,"created":true,"later":1}"#, "Submitted") == [])
        #expect(try complaints(#"{"ids":[1],"all":false}"#, "CancelParameters") == [])
    }

    @Test(arguments: [
        (#"{"id":7,"created":true,"later":1}"#, "Submitted", ".later: is not in the schema"),
        (#"{"id":7}"#, "Submitted", ".created: is missing"),
        (#"{"id":"7","created":true}"#, "Submitted", #".id: is no ["integer"]"#),
        (#"{"id":7.5,"created":true}"#, "Submitted", #".id: is no ["integer"]"#),
        (#"{"id":7,"created":1}"#, "Submitted", #".created: is no ["boolean"]"#),
        (#"[]"#, "Submitted", #": is no ["object"]"#),
        (
            #"{"tasks":[{"id":1,"state":"queued"},{"id":2,"state":"gone"}],"count":2}"#, "TasksChanged",
            ".tasks[1].state: is none of the words"
        ),
        (
            #"{"tasks":[{"id":1,"state":"queued","more":1}],"count":2}"#, "TasksChanged",
            ".tasks[0].more: is not in the schema"
        ),
        (#"{"stream":"stdout","attempt":1,"offset":0}"#, "OutputChunk", ": matches 0 of 2 alternatives"),
        (
            #"{"stream":"stdout","attempt":1,"offset":0,"text":"a","base64":"YQ=="}"#, "OutputChunk",
            ": matches 2 of 2 alternatives"
        ),
        (#"{"command":["true"],"labels":{"team":5}}"#, "TaskSpec", #".labels.team: is no ["string"]"#),
        (#"{"ids":[]}"#, "TaskSelection", ".ids: breaks minItems"),
        (#"{"pool":"default","slots":10001}"#, "ResizeParameters", ".slots: breaks maximum"),
        (#"{"jsonrpc":"1.0","id":1,"method":"daemon.version"}"#, "Request", ".jsonrpc: is not string(\"2.0\")"),
        (
            #"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, "Response",
            ": matches 2 of 2 alternatives"
        ),
        (#"{"jsonrpc":"1.0","id":1,"result":{}}"#, "Response", ".jsonrpc: is not string(\"2.0\")"),
        (#"{"jsonrpc":"2.0","id":1,"result":7}"#, "Response", #".result: is no ["object", "array"]"#),
        (#"{"jsonrpc":"2.0","id":1,"method":"task.wait","params":{"request":1}}"#, "Notification", ".id: not allowed"),
        (#"{"jsonrpc":"2.0","method":"task.wait"}"#, "Notification", ".params: is missing"),
        (#"{"jsonrpc":"2.0","method":"task.get","params":{"request":1}}"#, "Notification", ".method: is none of the words"),
        (#"{}"#, "CancelParameters", ": matches 0 of 3 alternatives"),
        (#"{"all":false}"#, "CancelParameters", ": matches 0 of 3 alternatives"),
        (#"{"ids":[1],"all":true}"#, "CancelParameters", ": matches 2 of 3 alternatives"),
    ])
    func refusesWhatIsWrong(_ text: String, _ name: String, _ complaint: String) throws {
        #expect(try complaints(text, name, closed: true) == [complaint])
    }

    @Test func parametersAreClosedAtAnyRate() throws {
        #expect(try complaints(#"{"id":7,"results":true}"#, "GetParameters") == [".results: is not in the schema"])
    }

    @Test func doesNotPassOverWhatItDoesNotUnderstand() throws {
        let strange = try JSON.parse(#"{"patternProperties":{"^x":{"type":"string"}}}"#)
        #expect(schema.complaints(.object([:]), against: strange) == [": the keyword \"patternProperties\" is not understood"])
    }
}
