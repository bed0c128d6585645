/// The methods of the control protocol: one line for each. `docs/protocol.md` is their reference.
public enum Methods {
    public static let all: [any MethodDescriptor] = [
        Method.submit, Method.get, Method.list, Method.update, Method.cancel, Method.retry, Method.hold, Method.release,
        Method.pause, Method.resume, Method.remove, Method.wait, Method.progress, Method.logs, Method.file, Method.ask,
        Method.questionWait,
        Method.answer,
        Method.questionList, Method.routeExplain, Method.poolList,
        Method.poolPause, Method.poolResume, Method.poolResize, Method.poolDrain, Method.agentList, Method.agentResume,
        Method.workerList, Method.usage, Method.status, Method.reload, Method.drain, Method.stop, Method.backup, Method.version,
        Method.subscribe, Method.cancelRequest,
    ]

    /// Nil where there is none of the name.
    public static func named(_ name: String) -> (any MethodDescriptor)? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

// MARK: Tasks

extension Method where Parameters == Submission, Answer == SubmissionResult {
    public static var submit: Self { Self("task.submit", .change, .keyedTasks, door: .descendants) }
}

extension Method where Parameters == GetParameters, Answer == TaskRecord {
    public static var get: Self { Self("task.get", .lookup, door: .descendants) }
}

extension Method where Parameters == ListParameters, Answer == TaskPage {
    public static var list: Self { Self("task.list", .lookup, door: .descendants) }
}

extension Method where Parameters == UpdateParameters, Answer == TasksChanged {
    public static var update: Self { Self("task.update", .change, .keyed) }
}

extension Method where Parameters == CancelParameters, Answer == TasksChanged {
    public static var cancel: Self { Self("task.cancel", .change, .keyed, door: .descendants) }
}

extension Method where Parameters == RetryParameters, Answer == TasksChanged {
    public static var retry: Self { Self("task.retry", .change, .keyed) }
}

extension Method where Parameters == TaskSelection, Answer == TasksChanged {
    public static var hold: Self { Self("task.hold", .change, .keyed) }
    public static var release: Self { Self("task.release", .change, .keyed) }
    public static var pause: Self { Self("task.pause", .change, .keyed) }
    public static var resume: Self { Self("task.resume", .change, .keyed) }
    public static var remove: Self { Self("task.remove", .change, .keyed) }
}

extension Method where Parameters == WaitParameters, Answer == WaitResult {
    public static var wait: Self { Self("task.wait", .stream, door: .descendants) }
}

extension Method where Parameters == LogsParameters, Answer == LogsEnd {
    public static var logs: Self { Self("task.logs", .stream, door: .descendants) }
}

extension Method where Parameters == FileParameters, Answer == FileEnd {
    public static var file: Self { Self("task.file", .stream, door: .descendants) }
}

extension Method where Parameters == TaskSpec, Answer == RouteExplanation {
    public static var routeExplain: Self { Self("route.explain", .glance, door: .reading) }
}

extension Method where Parameters == ProgressParameters, Answer == Acknowledged {
    public static var progress: Self { Self("task.progress", .glance, door: .itself) }
}

// MARK: Questions

extension Method where Parameters == AskParameters, Answer == QuestionRecord {
    public static var ask: Self { Self("question.ask", .change, .keyed, door: .itself) }
}

extension Method where Parameters == QuestionWaitParameters, Answer == QuestionRecord {
    public static var questionWait: Self { Self("question.wait", .stream, door: .itself) }
}

// Never through a door: a model must not approve what it does itself, nor what its descendants do.
extension Method where Parameters == AnswerParameters, Answer == QuestionRecord {
    public static var answer: Self { Self("question.answer", .change, .keyed) }
}

extension Method where Parameters == QuestionListParameters, Answer == QuestionPage {
    public static var questionList: Self { Self("question.list", .lookup) }
}

// MARK: Pools, workers and agents

extension Method where Parameters == NoParameters, Answer == PoolList {
    public static var poolList: Self { Self("pool.list", .lookup, door: .reading) }
}

// The state asked for is the state reached, and the answer is the same.
extension Method where Parameters == PoolSelection, Answer == Acknowledged {
    public static var poolPause: Self { Self("pool.pause", .change, onlyAdminsMay: "change pools") }
    public static var poolResume: Self { Self("pool.resume", .change, onlyAdminsMay: "change pools") }
    public static var poolDrain: Self { Self("pool.drain", .change, onlyAdminsMay: "change pools") }
}

extension Method where Parameters == ResizeParameters, Answer == Acknowledged {
    public static var poolResize: Self { Self("pool.resize", .change, onlyAdminsMay: "change pools") }
}

extension Method where Parameters == NoParameters, Answer == AgentList {
    public static var agentList: Self { Self("agent.list", .glance, door: .reading) }
}

extension Method where Parameters == AgentSelection, Answer == Acknowledged {
    public static var agentResume: Self { Self("agent.resume", .change, .keyed, onlyAdminsMay: "lift the limit of an agent") }
}

extension Method where Parameters == WorkerListParameters, Answer == WorkerList {
    public static var workerList: Self { Self("worker.list", .lookup) }
}

// MARK: The daemon

extension Method where Parameters == UsageParameters, Answer == UsageReport {
    public static var usage: Self { Self("usage.get", .glance) }
}

extension Method where Parameters == NoParameters, Answer == DaemonStatus {
    public static var status: Self { Self("daemon.status", .lookup) }
}

// What a second reload changes says nothing of the first, and a daemon that comes back has been asked for the last time.
extension Method where Parameters == NoParameters, Answer == ReloadResult {
    public static var reload: Self {
        Self("daemon.reload", .change, .never, onlyAdminsMay: "reload the configuration")
    }
}

extension Method where Parameters == NoParameters, Answer == Acknowledged {
    public static var drain: Self { Self("daemon.drain", .change, .never, onlyAdminsMay: "drain the daemon") }
}

extension Method where Parameters == StopParameters, Answer == Acknowledged {
    public static var stop: Self { Self("daemon.stop", .change, .never, onlyAdminsMay: "stop the daemon") }
}

extension Method where Parameters == NoParameters, Answer == BackupResult {
    public static var backup: Self { Self("daemon.backup", .stream, .never, onlyAdminsMay: "make a backup") }
}

extension Method where Parameters == NoParameters, Answer == VersionInfo {
    public static var version: Self { Self("daemon.version", .glance, door: .reading) }
}

extension Method where Parameters == CancelRequestParameters, Answer == Acknowledged {
    public static var cancelRequest: Self { Self("request.cancel", .glance, door: .reading) }
}

extension Method where Parameters == SubscribeParameters, Answer == SubscribeEnd {
    public static var subscribe: Self { Self("events.subscribe", .stream, door: .descendants) }
}
