import FoundationEssentials
import OrchProtocol

/// What was answered to a request that had a key, so that the same request is answered the same when it comes again.
public struct KeptAnswer: Sendable, Equatable {
    /// As whom somebody has asked: nobody learns of the keys of others.
    public var principal: String
    public var key: String
    /// When, in milliseconds since 1970.
    public var at: Int64
    public var method: String
    /// JSON, without the key.
    public var parameters: Data
    /// JSON.
    public var answer: Data

    public init(principal: String, key: String, at: Int64, method: String, parameters: Data, answer: Data) {
        self.principal = principal
        self.key = key
        self.at = at
        self.method = method
        self.parameters = parameters
        self.answer = answer
    }

    /// For how long the same key is the same request, in milliseconds.
    public static let lifetime: Int64 = 86_400_000
    /// How many answers of one principal are kept, and how many bytes of them: beyond these the oldest go.
    public static let most = 1000
    public static let mostBytes = 4 << 20
}

extension Turn {
    /// What was answered to the same request before.
    ///
    /// - Throws: `WireError` where the key was given to another request.
    func knownReply(to call: Call, by requester: Requester) throws -> Reply? {
        guard let key = call.key else { return nil }
        if let complaint = ValueRule.key.complaint(key) { throw WireError(field: "key", complaint) }
        guard let kept = try store.keptAnswer(to: key, of: requester.principal.text),
            kept.at > now.wall - KeptAnswer.lifetime
        else { return nil }
        if let difference = try difference(of: call, from: kept) {
            throw WireError(
                .invalidParameter, "the key \"\(key)\" was given to \(difference); nothing was done", field: "key")
        }
        if let changed = try? Wire.decode(TasksChanged.self, from: kept.answer) { return .changed(changed) }
        if let question = try? Wire.decode(QuestionRecord.self, from: kept.answer) { return .question(question) }
        if let done = try? Wire.decode(Acknowledged.self, from: kept.answer) { return .done(done.message) }
        throw WireError(
            .storageFailed, "what was answered to the key \"\(key)\" before cannot be read; nothing was done", field: "key")
    }

    private func difference(of call: Call, from kept: KeptAnswer) throws -> String? {
        guard kept.method == call.method.name else { return "a \(kept.method) before, and this is a \(call.method.name)" }
        let parameters = try call.parametersWithoutKey
        guard parameters != kept.parameters else { return nil }
        let (first, second) = (members(kept.parameters), members(parameters))
        let names = Set(first.keys).union(second.keys).filter { first[$0] != second[$0] }.sorted()
        return "a \(kept.method) with another \(names.map { "\"\($0)\"" }.joined(separator: ", "))"
    }

    private func members(_ json: Data) -> [String: JSONValue] {
        (try? Wire.decode([String: JSONValue].self, from: json)) ?? [:]
    }

    /// Keeps what is answered to a request that has a key.
    func keep(_ reply: Reply, to call: Call, by requester: Requester) throws {
        guard let key = call.key else { return }
        let answer: Data
        switch reply {
        case .changed(let it): answer = try Wire.line(it)
        case .question(let it): answer = try Wire.line(it)
        case .done(let message): answer = try Wire.line(Acknowledged(message))
        case .submitted, .failed: return
        }
        try store.keep(
            KeptAnswer(
                principal: requester.principal.text, key: key, at: now.wall, method: call.method.name,
                parameters: call.parametersWithoutKey, answer: answer))
    }
}

/// Keys of tasks that are forgotten within a day: retention may be short, and who was away meanwhile asks again.
extension Turn {
    func keepKey(of task: TaskItem) throws {
        let definition = task.definition
        guard let key = definition.options.key, task.ancestry.parent == 0,
            definition.submittedAt > now.wall - KeptAnswer.lifetime
        else { return }
        try store.keep(
            KeptAnswer(
                principal: holder(definition.owner), key: key, at: definition.submittedAt, method: Method.submit.name,
                parameters: Data(), answer: Wire.line(task.id)))
    }

    func forgottenTask(withKey key: String, of owner: Principal) throws -> Int64? {
        guard let kept = try store.keptAnswer(to: key, of: holder(owner)), kept.at > now.wall - KeptAnswer.lifetime else {
            return nil
        }
        return try? Wire.decode(Int64.self, from: kept.answer)
    }

    /// Apart from other answers, which they must not displace.
    private func holder(_ owner: Principal) -> String { "tasks of \(owner.text)" }
}

extension Principal {
    /// The same in short: `1000`, or `995/discord:1`.
    var key: String {
        switch self {
        case .user(let uid): "\(uid)"
        case .task(let id): "task \(id)"
        case .subject(let bridge, let name): "\(bridge)/\(name)"
        }
    }

    /// What it is called in the store.
    var text: String {
        switch self {
        case .user(let uid): "user \(uid)"
        case .task(let id): "task \(id)"
        case .subject(let bridge, let name): "subject \(bridge) \(name)"
        }
    }
}
