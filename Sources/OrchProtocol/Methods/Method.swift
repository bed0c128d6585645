import FoundationEssentials

/// A method of the control protocol: all that is known of it, in one value. Everything else reads it from here, the rules of who may
/// call it as well as the tests that hold `docs/protocol.md` to it. What it does is where its name is looked up: in the engine's router,
/// or for one that changes something in the scheduler.
public struct Method<Parameters: MethodParameters, Answer: Codable & Sendable>: MethodDescriptor {
    public let name: String
    public let kind: MethodKind
    public let repetition: Repetition
    public let administration: String?
    public let door: DoorRule

    /// - Parameter administration: what only an administrator may do, as in "only admins may …"; nil for everybody's.
    init(
        _ name: String, _ kind: MethodKind, _ repetition: Repetition = .harmless, onlyAdminsMay administration: String? = nil,
        door: DoorRule = .never
    ) {
        self.name = name
        self.kind = kind
        self.repetition = repetition
        self.administration = administration
        self.door = door
    }

    public var parameters: any MethodParameters.Type { Parameters.self }
    public var answer: any (Codable & Sendable).Type { Answer.self }

    /// The parameters, from the `params` member of a request. What they do not know is refused.
    public func call(from decoder: any Decoder) throws -> Call {
        Call(self, try Parameters(from: StrictDecoder(base: decoder)))
    }
}

public protocol MethodParameters: Codable, Sendable, Equatable {}

/// Parameters of a method that does something to tasks, pools or agents that are there.
///
/// What is done to these can be given to users who are not administrators (`[access.grants]`), and a bridge can say for whom it is done.
public protocol ActionParameters: MethodParameters {
    /// For whom a bridge asks: see `Requester.speaking`.
    var subject: String? { get set }
}

extension MethodDescriptor {
    /// Whether `[access.grants]` may name it: never what concerns the daemon as a whole.
    public var isGrantable: Bool { parameters is any ActionParameters.Type }
}

/// A method whose parameters and answer are not known when the program is compiled.
public protocol MethodDescriptor: Sendable {
    /// Part of the protocol; never changes its meaning.
    var name: String { get }
    var kind: MethodKind { get }
    var repetition: Repetition { get }
    var administration: String? { get }
    var door: DoorRule { get }
    var parameters: any MethodParameters.Type { get }
    var answer: any (Codable & Sendable).Type { get }
    func call(from decoder: any Decoder) throws -> Call
}

/// What a method does, and what a request for it costs its connection while it is in flight.
public enum MethodKind: Sendable {
    /// Changes something, and is answered soon and briefly.
    case change
    /// Only looks, and is answered at once.
    case glance
    /// Only looks, and is answered from the store, perhaps at length.
    case lookup
    /// Sends notifications, and is answered when it suits what it is about.
    case stream
}

/// What it means to ask a second time, when the first answer was lost.
public enum Repetition: Sendable {
    /// Has the same effect, and the same answer.
    case harmless
    /// The same with a `key`, by which the daemon knows that it is the same request.
    case keyed
    /// The same where each of its tasks has a key of its own, which is kept with the task.
    case keyedTasks
    /// Would be another request.
    case never
}

/// What a task may do through a door of its own.
public enum DoorRule: Sendable {
    case never
    /// About any task, because it only reads, and shows nothing about a task.
    case reading
    /// With those that it has started, and those that these have.
    case descendants
    /// About itself, and nobody but a task may.
    case itself
}

/// A method together with its parameters, checked for form but not yet against the state of the daemon.
public struct Call: Sendable, Equatable {
    public let method: any MethodDescriptor
    public private(set) var parameters: any MethodParameters

    public init<P, A>(_ method: Method<P, A>, _ parameters: P) {
        self.method = method
        self.parameters = parameters
    }

    public init<A>(_ method: Method<NoParameters, A>) { self.init(method, NoParameters()) }

    /// The parameters, if it is this method that is called.
    public subscript<P, A>(_ method: Method<P, A>) -> P? {
        guard self.method.name == method.name else { return nil }
        assert(parameters is P, "\(method.name) has the parameters of another method")
        return parameters as? P
    }

    public static func == (one: Call, other: Call) -> Bool {
        one.method.name == other.method.name && isSame(one.parameters, other.parameters)
    }

    private static func isSame<P: Equatable>(_ one: P, _ other: Any) -> Bool { other as? P == one }

    /// Whether asking twice has the same effect and the same answer as asking once.
    public var isRepeatable: Bool {
        switch method.repetition {
        case .harmless: true
        case .never: false
        case .keyed: key != nil
        case .keyedTasks: self[.submit]?.all.allSatisfy { $0.key != nil } ?? false
        }
    }

    /// What the daemon knows the same request by.
    public var key: String? { method.repetition == .keyed ? (parameters as? any KeyedParameters)?.key : nil }

    /// The same with a key, where it takes one and has none.
    public func keyed(by key: @autoclosure () -> String) -> Call {
        guard method.repetition == .keyed else { return self }
        assert(parameters is any KeyedParameters, "the parameters of \(method.name) have no key")
        guard var keyed = parameters as? any KeyedParameters, keyed.key == nil else { return self }
        keyed.key = key()
        var call = self
        call.parameters = keyed
        return call
    }

    /// The parameters as JSON, without the key: two requests with the same are the same request.
    public var parametersWithoutKey: Data {
        get throws {
            guard var keyed = parameters as? any KeyedParameters else { return try Wire.line(parameters) }
            keyed.key = nil
            return try Wire.line(keyed)
        }
    }
}

/// Parameters of a method that may be asked for twice with the same `key`: the second time it is answered as the first, and nothing is done.
public protocol KeyedParameters: MethodParameters {
    var key: String? { get set }
}
