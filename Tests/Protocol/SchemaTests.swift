import Foundation
import Testing

@testable import OrchProtocol
@testable import Scheduling

/// Holds `docs/protocol.schema.json` against the code, in both directions.
@Suite struct SchemaTests {
    let schema = Schema.shared

    /// The types whose members are told by decoding them.
    static let objects: [any (Codable & Sendable).Type] = [
        TaskSpec.self, SubmittedFile.self, ResourceLimits.self, TaskScope.self, NoParameters.self, GetParameters.self,
        ListParameters.self,
        UpdateParameters.self,
        TaskSelection.self, RetryParameters.self, CancelParameters.self, WaitParameters.self, LogsParameters.self,
        FileParameters.self,
        PoolSelection.self,
        ResizeParameters.self, AgentSelection.self, WorkerListParameters.self, UsageParameters.self, StopParameters.self,
        SubscribeParameters.self, CancelRequestParameters.self, Omission.self,
        AskParameters.self, QuestionWaitParameters.self, AnswerParameters.self, QuestionListParameters.self,
        ProgressParameters.self, QuestionRecord.self, QuestionPage.self, TaskProgress.self,
        Submitted.self, TaskRecord.self, TaskResult.self, AttemptRecord.self, Outcome.self, TaskPage.self,
        TasksChanged.self, TasksChanged.Entry.self, WaitResult.self, OutputChunk.self, LogsEnd.self, ResultFile.self,
        LeftBehind.self,
        FilePart.self, FileEnd.self, PoolList.self,
        PoolRecord.self, TaskCounts.self, WorkerList.self, WorkerRecord.self, GateRecord.self, RouteExplanation.self,
        RouteStep.self, RouteProgram.self, DaemonStatus.self,
        SupervisorStatus.self,
        ReloadResult.self, BackupPart.self, BackupResult.self, Acknowledged.self, VersionInfo.self, SubscribeEnd.self,
        Event.self, Usage.self, UsageReport.self, UsageRow.self, BudgetRecord.self, AgentRecord.self, AgentList.self,
        WireError.self,
        WireError.Details.self,
    ]

    static let words: [String: [String]] = [
        "Method": Methods.all.map(\.name), "TaskState": rawValues(TaskState.self),
        "WaitReason": rawValues(WaitReason.self), "StopReason": rawValues(StopReason.self),
        "StateFilter": rawValues(StateFilter.self), "RetryCause": rawValues(RetryCause.self),
        "ThinkingLevel": rawValues(ThinkingLevel.self),
        "AttemptState": rawValues(AttemptState.self), "Outcome.Kind": rawValues(Outcome.Kind.self),
        "FailureKind": rawValues(FailureKind.self),
        "OutputStream": rawValues(OutputStream.self), "ListOrder": rawValues(ListOrder.self),
        "PoolRecord.State": rawValues(PoolRecord.State.self),
        "UsageKey": rawValues(UsageKey.self), "BudgetRecord.Period": rawValues(BudgetRecord.Period.self),
        "BudgetRecord.Unit": rawValues(BudgetRecord.Unit.self), "WorkerRecord.State": rawValues(WorkerRecord.State.self),
        "DaemonStatus.State": rawValues(DaemonStatus.State.self), "Event.Kind": rawValues(Event.Kind.self),
        "QuestionRecord.State": rawValues(QuestionRecord.State.self),
    ]

    private static func rawValues<T: CaseIterable & RawRepresentable<String>>(_: T.Type) -> [String] {
        T.allCases.map(\.rawValue)
    }

    /// The types whose shape depends on their value, and those that are a single value: `SampleTests` covers them.
    static let special: Set<String> = ["Request", "Response", "Notification", "RequestID", "Timestamp", "JSONValue"]

    @Test func everyDefinitionIsATypeAndEveryTypeIsDefined() {
        let types = Set(Self.objects.map(Shape.name(of:))).union(Self.words.keys).union(Self.special)
        #expect(types == Set(schema.definitions.keys))
    }

    @Test(arguments: objects.indices)
    func objectHasTheMembersOfItsType(_ index: Int) throws {
        let type = Self.objects[index]
        let name = Shape.name(of: type)
        try expect(schema.definitions[name], describes: Probe.members(of: type), name)
    }

    private func expect(_ object: JSON?, describes members: [String: Probe.Member], _ name: String) throws {
        let object = try #require(object, "\(name) is not in the schema")
        let properties = try #require(object["properties"]?.object, "\(name)")
        let required = object["required"]?.strings ?? []
        #expect(object["type"] == .string("object"), "\(name)")
        #expect(Set(properties.keys) == Set(members.keys), "\(name)")
        #expect(Set(required) == Set(members.filter(\.value.isRequired).keys), "\(name)")
        #expect(Set(required).count == required.count, "\(name)")
        for (key, member) in members {
            #expect(properties[key].flatMap(Shape.init(of:)) == member.shape, "\(name).\(key)")
        }
    }

    @Test func enumerationsHaveTheWordsOfTheirTypes() {
        for (name, words) in Self.words {
            #expect(schema.definitions[name]?["type"] == .string("string"), "\(name)")
            #expect(schema.definitions[name]?["enum"]?.strings == words, "\(name)")
        }
    }

    @Test func methodsAreThoseOfTheCode() {
        #expect(Set(schema.methods.keys) == Set(Methods.all.map(\.name)))
    }

    @Test(arguments: Methods.all.map(\.name))
    func parametersAreWhatTheMethodDecodes(_ method: String) throws {
        let probe = Probe()
        _ = try #require(Methods.named(method)).call(from: probe)
        var params = try #require(schema.methods[method]?["params"], "\(method)")
        if method == Method.submit.name {
            let alternatives = try #require(params["oneOf"]?.array)
            #expect(alternatives.map(Shape.init(of:)) == [.named("TaskSpec"), .array(.named("TaskSpec"))])
            params = alternatives[0]
        }
        let object = schema.resolve(params)
        try expect(object, describes: probe.members, method)
        #expect(object["additionalProperties"] == .bool(false), "an unknown parameter of \(method)")
    }

    @Test(arguments: Methods.all.map(\.name))
    func resultIsThatOfTheMethod(_ method: String) throws {
        let result = try #require(schema.methods[method]?["result"])
        if method == Method.submit.name {
            #expect(result["oneOf"]?.array?.map(Shape.init(of:)) == [.named("Submitted"), .array(.named("Submitted"))])
        } else {
            let answer = try #require(Methods.named(method)?.answer)
            #expect(Shape(of: result) == Shape(of: answer))
        }
    }

    @Test func methodsThatStreamHaveANotification() throws {
        let streams = [
            "task.wait": ("task", "TaskRecord"), "task.logs": ("output", "OutputChunk"),
            "events.subscribe": ("event", "Event"), "daemon.backup": ("backup", "BackupPart"),
            "task.file": ("file", "FilePart"),
        ]
        // It only waits.
        let silent = Method.questionWait.name
        let all = Methods.all.filter { $0.kind == .stream && $0.name != silent }
        #expect(all.map(\.name).sorted() == streams.keys.sorted())
        let named = schema.definitions["Notification"]?["properties"]?["method"]?["enum"]?.strings ?? []
        #expect(Set(named) == Set(streams.keys))
        #expect(schema.methods.filter { $0.value["notification"] != nil }.keys.sorted() == streams.keys.sorted())
        for (method, (member, type)) in streams {
            var members = [
                "request": Probe.Member(shape: .named("RequestID"), isRequired: true),
                member: Probe.Member(shape: .named(type), isRequired: true),
            ]
            // Through a door either an event, or what was left out.
            if member == "event" {
                members[member]?.isRequired = false
                members["omitted"] = Probe.Member(shape: .named("Omission"), isRequired: false)
            }
            try expect(schema.methods[method]?["notification"], describes: members, method)
        }
    }

    @Test func errorsAreThoseOfTheCode() {
        let listed = schema.root["errors"]?.array ?? []
        #expect(listed.map { $0["code"]?.string } == WireError.Code.allCases.map(\.word))
        #expect(listed.map { $0["number"]?.number } == WireError.Code.allCases.map { Double($0.number) })
        #expect(Set(WireError.Code.allCases.map(\.number)).count == WireError.Code.allCases.count)
    }

    @Test func identifierNamesTheVersionOfTheProtocol() {
        #expect(schema.root["$id"] == .string("urn:orchd:protocol:\(Wire.version)"))
    }

    @Test func limitsAreThoseOfTheRules() throws {
        let task = try #require(schema.definitions["TaskSpec"]?["properties"])
        let update = try #require(schema.definitions["UpdateParameters"]?["properties"])
        for (name, property) in update.object ?? [:] where name != "id" {
            var original = task[name]
            original?["default"] = nil
            #expect(property == original, "\(name)")
        }
        for (name, property) in task.object ?? [:] {
            switch ValueRule.of(field: name) {
            case .whole(let range)?:
                #expect(property["minimum"] == .number(Double(range.lowerBound)), "\(name)")
                #expect(property["maximum"] == .number(Double(range.upperBound)), "\(name)")
            case .word(let range)?:
                #expect(property["minLength"] == .number(Double(range.lowerBound)), "\(name)")
                #expect(property["maxLength"] == .number(Double(range.upperBound)), "\(name)")
            default: break
            }
        }
        for name in ["timeout", "idle_timeout", "retry_delay"] {
            #expect(task[name]?["maximum"] == .number(ValueRule.longest))
        }
        #expect(task["needs"]?["maxItems"] == .number(Double(SpecRules.maximumNeeds)))
        #expect(task["labels"]?["maxProperties"] == .number(Double(SpecRules.maximumLabels)))
        #expect(task["env"]?["maxProperties"] == .number(Double(SpecRules.maximumVariables)))
        #expect(task["retry_delay"]?["default"] == .number(Double(RetryPolicy.defaultDelay) / 1000))
        let causes = RetryCause.allCases.filter(RetryPolicy.defaultCauses.contains)
        #expect(task["retry_on"]?["default"]?.strings == causes.map(\.rawValue))
    }

    /// On either side of each limit the schema and the scheduler must agree.
    @Test(arguments: [
        #"{}"#, #"{"command":["true"]}"#, #"{"command":[]}"#, #"{"prompt":"hello"}"#, #"{"prompt":""}"#,
        #"{"command":["true"],"prompt":"hello"}"#, #"{"command":["true"],"priority":1000000}"#,
        #"{"command":["true"],"priority":1000001}"#, #"{"command":["true"],"priority":-1000001}"#,
        #"{"command":["true"],"retries":1000}"#, #"{"command":["true"],"retries":1001}"#,
        #"{"command":["true"],"retries":-1}"#, #"{"command":["true"],"timeout":0.001}"#,
        #"{"command":["true"],"timeout":0.0009}"#, #"{"command":["true"],"timeout":315360000}"#,
        #"{"command":["true"],"timeout":315360000.1}"#, #"{"command":["true"],"idle_timeout":0}"#,
        #"{"command":["true"],"retry_delay":0}"#, #"{"command":["true"],"retry_delay":-1}"#,
        #"{"command":["true"],"retry_on":[]}"#, #"{"command":["true"],"retry_on":["exit","spawn"]}"#,
        #"{"command":["true"],"name":""}"#, #"{"command":["true"],"key":""}"#, #"{"command":["true"],"cwd":""}"#,
        #"{"command":["true"],"model":""}"#, #"{"command":["true"],"thinking":"high"}"#,
        #"{"command":["true"],"needs":[]}"#, #"{"command":["true"],"needs":["gpu"]}"#, #"{"command":["true"],"needs":[""]}"#,
        #"{"command":["true"],"labels":{},"env":{"LANG":"C"},"hold":true,"stdin":""}"#,
    ])
    func schemaAndRulesAgree(_ text: String) throws {
        let spec = try Wire.decode(TaskSpec.self, from: Data(text.utf8))
        let accepted = (try? SpecRules.check(spec, path: nil)) != nil
        let complaints = schema.complaints(try JSON.parse(text), against: schema.definitions["TaskSpec"] ?? .bool(false))
        #expect(accepted == complaints.isEmpty, "\(complaints)")
    }
}
