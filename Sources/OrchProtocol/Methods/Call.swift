/// A method together with its parameters, checked for form but not yet against the state of the daemon.
public enum Call: Sendable, Equatable {
    case submit(Submission)
    case get(GetParameters)
    case list(ListParameters)
    case update(UpdateParameters)
    case cancel(CancelParameters)
    case retry(TaskSelection)
    case hold(TaskSelection)
    case release(TaskSelection)
    case pause(TaskSelection)
    case resume(TaskSelection)
    case wait(WaitParameters)
    case logs(LogsParameters)
    case file(FileParameters)
    case routeExplain(TaskSpec)
    case poolList
    case poolPause(PoolSelection)
    case poolResume(PoolSelection)
    case poolResize(ResizeParameters)
    case poolDrain(PoolSelection)
    case agentResume(AgentSelection)
    case workerList(WorkerListParameters)
    case agentList
    case usage(UsageParameters)
    case status
    case reload
    case drain
    case stop(StopParameters)
    case backup
    case version
    case subscribe(SubscribeParameters)

    public var method: Method {
        switch self {
        case .submit: .submit
        case .get: .get
        case .list: .list
        case .update: .update
        case .cancel: .cancel
        case .retry: .retry
        case .hold: .hold
        case .release: .release
        case .pause: .pause
        case .resume: .resume
        case .wait: .wait
        case .logs: .logs
        case .file: .file
        case .routeExplain: .routeExplain
        case .poolList: .poolList
        case .poolPause: .poolPause
        case .poolResume: .poolResume
        case .poolResize: .poolResize
        case .poolDrain: .poolDrain
        case .agentResume: .agentResume
        case .workerList: .workerList
        case .agentList: .agentList
        case .usage: .usage
        case .status: .status
        case .reload: .reload
        case .drain: .drain
        case .stop: .stop
        case .backup: .backup
        case .version: .version
        case .subscribe: .subscribe
        }
    }

    /// The parameters of a method, from the `params` member of its request.
    init(_ method: Method, from params: @autoclosure () throws -> any Decoder) throws {
        switch method {
        case .submit: self = .submit(try Submission(from: params()))
        case .get: self = .get(try GetParameters(from: params()))
        case .list: self = .list(try ListParameters(from: params()))
        case .update: self = .update(try UpdateParameters(from: params()))
        case .cancel: self = .cancel(try CancelParameters(from: params()))
        case .retry: self = .retry(try TaskSelection(from: params()))
        case .hold: self = .hold(try TaskSelection(from: params()))
        case .release: self = .release(try TaskSelection(from: params()))
        case .pause: self = .pause(try TaskSelection(from: params()))
        case .resume: self = .resume(try TaskSelection(from: params()))
        case .wait: self = .wait(try WaitParameters(from: params()))
        case .logs: self = .logs(try LogsParameters(from: params()))
        case .file: self = .file(try FileParameters(from: params()))
        case .routeExplain: self = .routeExplain(try TaskSpec(from: params()))
        case .poolPause: self = .poolPause(try PoolSelection(from: params()))
        case .poolResume: self = .poolResume(try PoolSelection(from: params()))
        case .poolResize: self = .poolResize(try ResizeParameters(from: params()))
        case .poolDrain: self = .poolDrain(try PoolSelection(from: params()))
        case .agentResume: self = .agentResume(try AgentSelection(from: params()))
        case .workerList: self = .workerList(try WorkerListParameters(from: params()))
        case .usage: self = .usage(try UsageParameters(from: params()))
        case .stop: self = .stop(try StopParameters(from: params()))
        case .subscribe: self = .subscribe(try SubscribeParameters(from: params()))
        case .poolList: self = try Self.bare(.poolList, params())
        case .agentList: self = try Self.bare(.agentList, params())
        case .status: self = try Self.bare(.status, params())
        case .reload: self = try Self.bare(.reload, params())
        case .drain: self = try Self.bare(.drain, params())
        case .backup: self = try Self.bare(.backup, params())
        case .version: self = try Self.bare(.version, params())
        }
    }

    private static func bare(_ call: Call, _ params: any Decoder) throws -> Call {
        _ = try NoParameters(from: params)
        return call
    }

    func encodeParameters(to encoder: any Encoder) throws {
        switch self {
        case .submit(let it): try it.encode(to: encoder)
        case .get(let it): try it.encode(to: encoder)
        case .list(let it): try it.encode(to: encoder)
        case .update(let it): try it.encode(to: encoder)
        case .cancel(let it): try it.encode(to: encoder)
        case .retry(let it), .hold(let it), .release(let it), .pause(let it), .resume(let it): try it.encode(to: encoder)
        case .wait(let it): try it.encode(to: encoder)
        case .logs(let it): try it.encode(to: encoder)
        case .file(let it): try it.encode(to: encoder)
        case .routeExplain(let it): try it.encode(to: encoder)
        case .poolPause(let it), .poolResume(let it), .poolDrain(let it): try it.encode(to: encoder)
        case .poolResize(let it): try it.encode(to: encoder)
        case .agentResume(let it): try it.encode(to: encoder)
        case .workerList(let it): try it.encode(to: encoder)
        case .usage(let it): try it.encode(to: encoder)
        case .stop(let it): try it.encode(to: encoder)
        case .subscribe(let it): try it.encode(to: encoder)
        case .poolList, .agentList, .status, .reload, .drain, .backup, .version: try NoParameters().encode(to: encoder)
        }
    }
}
