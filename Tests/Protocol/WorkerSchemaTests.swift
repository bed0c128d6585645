import Foundation
import OrchProtocol
import Testing

/// Holds `docs/worker-protocol.md` and its schema against the code.
@Suite struct WorkerSchemaTests {
    private static let messages: [String: any (Decodable & Sendable).Type] = [
        "ready": WorkerMessage.Ready.self, "progress": WorkerMessage.Progress.self, "usage": WorkerUsage.self,
        "result": WorkerMessage.Result.self, "task": WorkerTask.self, "WorkerUsage": WorkerUsage.self,
    ]
    /// Those that have no members but their type.
    private static let bare: Set<String> = ["accepted", "exit"]

    private let schema: Schema
    private let text: String

    init() throws {
        schema = Schema(
            root: try JSON.parse(try Data(contentsOf: Schema.docs.appending(path: "worker-protocol.schema.json"))))
        text = try String(contentsOf: Schema.docs.appending(path: "worker-protocol.md"), encoding: .utf8)
    }

    private func properties(_ name: String) -> [String: JSON] {
        (schema.definitions[name]?["properties"]?.object ?? [:]).filter { $0.key != "type" }
    }

    @Test func messagesHaveTheMembersOfTheirTypes() throws {
        let known = Set(Self.messages.keys).union(Self.bare).union(["WorkerMessage.Result.Status", "JSONValue"])
        #expect(Set(schema.definitions.keys) == known)
        for (name, type) in Self.messages {
            let members = try Probe.members(of: type).filter { $0.key != "type" }
            #expect(Set(properties(name).keys) == Set(members.keys), "\(name)")
            for (key, member) in members {
                #expect(properties(name)[key].flatMap(Shape.init(of:)) == member.shape, "\(name).\(key)")
            }
            let required = Set(schema.definitions[name]?["required"]?.strings ?? []).subtracting(["type"])
            #expect(required == Set(members.filter(\.value.isRequired).keys), "\(name)")
        }
        for name in Self.bare { #expect(properties(name).isEmpty) }
        let words = schema.definitions["WorkerMessage.Result.Status"]?["enum"]?.strings
        #expect(words == WorkerMessage.Result.Status.allCases.map(\.rawValue))
    }

    @Test func theReferenceNamesEachMember() {
        var section = ""
        var rows: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#") { section = line.filter { $0.isLetter } }
            if line.hasPrefix("| `"), let name = line.split(separator: "`").dropFirst().first {
                rows[section, default: []].insert(String(name))
            }
        }
        for name in ["ready", "progress", "usage", "result", "task"] {
            #expect(rows[name] == Set(properties(name).keys), "\(name)")
        }
    }

    @Test func examplesAreWhatTheCodeReadsAndWrites() throws {
        var fence: Substring?
        var said: Set<String> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") {
                fence = fence == nil ? line.dropFirst(3) : nil
                continue
            }
            guard fence == "json worker" || fence == "json daemon" else { continue }
            let value = try JSON.parse(String(line))
            let type = try #require(value["type"]?.string)
            said.insert(type)
            let complaints = schema.complaints(value, against: schema.definitions[type] ?? .bool(false), closed: true)
            #expect(complaints.isEmpty, "\(line): \(complaints)")
            switch (fence, type) {
            case ("json worker", _): _ = try WorkerMessage(line: Data(line.utf8))
            case (_, "exit"): #expect(Data(line.utf8) == WorkerProtocol.exit)
            default: #expect(try JSON.parse(try Wire.line(Wire.decode(WorkerTask.self, from: Data(line.utf8)))) == value)
            }
        }
        #expect(said == ["ready", "accepted", "progress", "usage", "result", "task", "exit"])
    }

    @Test(arguments: [
        "", "{", "[]", "7", "{}", "{\"type\":7}", "{\"type\":\"song\"}", "{\"type\":\"result\"}",
        "{\"type\":\"result\",\"status\":\"fine\"}", "{\"type\":\"ready\",\"capabilities\":\"gpu\"}", "\u{FF}",
    ])
    func whatIsNoMessageIsRefused(_ line: String) {
        #expect(throws: WorkerMessage.Malformed.self) { try WorkerMessage(line: Data(line.utf8)) }
    }

    @Test func laterMembersAreIgnored() throws {
        let line = #"{"type":"progress","percent":5,"colour":"red"}"#
        var progress = try Wire.decode(WorkerMessage.Progress.self, from: Data("{}".utf8))
        progress.percent = 5
        #expect(try WorkerMessage(line: Data(line.utf8)) == .progress(progress))
    }
}
