import Foundation
import OrchProtocol
import Testing

/// Holds `docs/protocol.md` against the schema and the code.
@Suite struct ReferenceTests {
    let schema = Schema.shared
    let reference: Reference

    init() throws { reference = try Reference() }

    @Test(arguments: Methods.all.map(\.name))
    func methodHasATableOfItsParameters(_ method: String) throws {
        let rows = try #require(reference.tables[method], "\(method) has no section")
        var params = try #require(schema.methods[method]?["params"])
        if let first = params["oneOf"]?.array?.first { params = first }
        let object = schema.resolve(params)
        #expect(rows.map { $0[0] }.sorted() == object["properties"]?.keys, "\(method)")
        let required = rows.filter { $0[2] == "required" }.map { $0[0] }
        #expect(required.sorted() == object["required"]?.strings.sorted() ?? [], "\(method)")
    }

    @Test func typesHaveTablesOfTheirMembers() {
        let sections = schema.definitions.filter { reference.tables[$0.key] != nil }
        #expect(Set(sections.keys).isSuperset(of: ["TaskRecord", "AttemptRecord", "Outcome.Kind", "Event", "Event.Kind"]))
        for (name, definition) in sections {
            let words = reference.tables[name]?.map { $0[0] }
            if let known = definition["enum"] {
                #expect(words == known.strings, "\(name)")
            } else {
                #expect(words?.sorted() == definition["properties"]?.keys, "\(name)")
            }
        }
    }

    @Test func errorsAreAllThere() {
        let rows = reference.tables["Errors"] ?? []
        #expect(rows.map { $0[0] } == WireError.Code.allCases.map(\.word))
        #expect(rows.map { $0[1] } == WireError.Code.allCases.map { String($0.number) })
    }

    @Test func outcomesNameTheirRetryCause() {
        for row in reference.tables["Outcome.Kind"] ?? [] {
            let cause = Outcome(Outcome.Kind(rawValue: row[0]), code: 1).retryCause
            #expect(row[2].hasPrefix(cause.map { "`\($0.rawValue)`" } ?? "never"), "\(row[0])")
        }
    }

    @Test func linksLeadSomewhere() {
        #expect(reference.links.subtracting(reference.anchors) == [])
    }

    @Test func examplesAreTrue() throws {
        var open: [RequestID?: Expectation] = [:]
        var shown: Set<String> = []
        for example in reference.examples {
            if example.isRequest {
                let (id, expectation) = try request(example.line)
                // Two requests without an id that can be read differ in their error.
                if id != nil { #expect(open[id] == nil, "\(example.line)") }
                if case .result(let method) = expectation { shown.insert(method) }
                open[id, default: .refusals([])].join(expectation)
            } else {
                try answer(example.line, open: &open)
            }
        }
        #expect(shown == Set(Methods.all.map(\.name)))
        #expect(open.isEmpty, "requests without an answer")
    }

    /// What must answer a request.
    private enum Expectation: Equatable {
        case result(String)
        case refusals([WireError])

        mutating func join(_ other: Expectation) {
            if case .refusals(let known) = self, case .refusals(let more) = other {
                self = .refusals(known + more)
            } else {
                self = other
            }
        }
    }

    private func request(_ line: String) throws -> (RequestID?, Expectation) {
        let (id, outcome) = Wire.request(from: Data(line.utf8))
        switch outcome {
        case .failure(let error): return (id, .refusals([error]))
        case .success(let request):
            let value = try JSON.parse(line)
            let params = try #require(schema.methods[request.call.method.name]?["params"])
            #expect(schema.complaints(value, against: schema.root) == [], "\(line)")
            #expect(schema.complaints(value["params"] ?? .object([:]), against: params) == [], "\(line)")
            return (id, .result(request.call.method.name))
        }
    }

    private func answer(_ line: String, open: inout [RequestID?: Expectation]) throws {
        let value = try JSON.parse(line)
        #expect(schema.complaints(value, against: schema.root) == [], "\(line)")
        if let method = value["method"]?.string {
            let notification = try Wire.decode(OrchProtocol.Notification.self, from: Data(line.utf8))
            #expect(try JSON.parse(Wire.line(notification)) == value, "\(line)")
            let request = try Wire.decode([RequestID].self, from: Wire.line([value["params"]?["request"]]))[0]
            #expect(open[request] == .result(method), "\(line)")
            let params = try #require(schema.methods[method]?["notification"])
            #expect(schema.complaints(value["params"] ?? .null, against: params, closed: true) == [], "\(line)")
            return
        }
        let response = try Wire.decode(Response<JSON>.self, from: Data(line.utf8))
        let expectation = try #require(open[response.id], "nobody asked: \(line)")
        switch (response.outcome, expectation) {
        case (.success(let result), .result(let method)):
            let answer = try #require(Methods.named(method)?.answer)
            #expect(try roundTrip(line, answer) == value, "\(line)")
            let type = try #require(schema.methods[method]?["result"])
            #expect(schema.complaints(result, against: type, closed: true) == [], "\(line)")
            open[response.id] = nil
        case (.failure(let error), .refusals(let errors)):
            #expect(error == errors.first, "\(line)")
            open[response.id] = errors.count > 1 ? .refusals(Array(errors.dropFirst())) : nil
        case (.failure(let error), .result):
            #expect(error.kind?.number == error.code, "\(line)")
            open[response.id] = nil
        case (.success, .refusals):
            Issue.record("answers a request that is refused: \(line)")
        }
    }

    /// The line as it comes out again after it was read as an answer of a type.
    private func roundTrip<T: Codable & Sendable>(_ line: String, _ type: T.Type) throws -> JSON {
        try JSON.parse(Wire.line(Wire.decode(Response<T>.self, from: Data(line.utf8))))
    }
}
