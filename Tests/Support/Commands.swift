import OrchProtocol
import Scheduling

/// What tests ask for, in few words.
extension Command {
    public static func submit(_ submission: Submission, unusable: [ByteString: String] = [:]) -> Command {
        Command(Call(.submit, submission), unusable: unusable)
    }

    public static func update(_ change: UpdateParameters) -> Command { Command(Call(.update, change)) }
    public static func cancel(_ tasks: CancelParameters) -> Command { Command(Call(.cancel, tasks)) }
    public static func retry(_ ids: [Int64]) -> Command { Command(Call(.retry, RetryParameters(ids: ids))) }
    public static func hold(_ ids: [Int64]) -> Command { Command(Call(.hold, TaskSelection(ids: ids))) }
    public static func release(_ ids: [Int64]) -> Command { Command(Call(.release, TaskSelection(ids: ids))) }
    public static func pause(_ ids: [Int64]) -> Command { Command(Call(.pause, TaskSelection(ids: ids))) }
    public static func resume(_ ids: [Int64]) -> Command { Command(Call(.resume, TaskSelection(ids: ids))) }
    public static func remove(_ ids: [Int64], lenient: Bool? = nil) -> Command {
        var selection = TaskSelection(ids: ids)
        selection.lenient = lenient
        return Command(Call(.remove, selection))
    }
    public static func pausePool(_ name: String) -> Command { Command(Call(.poolPause, PoolSelection(pool: name))) }
    public static func resumePool(_ name: String) -> Command { Command(Call(.poolResume, PoolSelection(pool: name))) }
    public static func drainPool(_ name: String) -> Command { Command(Call(.poolDrain, PoolSelection(pool: name))) }
    public static func resizePool(_ name: String, slots: Int) -> Command {
        Command(Call(.poolResize, ResizeParameters(pool: name, slots: slots)))
    }
    public static func resumeAgent(_ name: String) -> Command { Command(Call(.agentResume, AgentSelection(agent: name))) }
    public static var drain: Command { Command(Call(.drain)) }
    public static var shutdown: Command { Command(Call(.stop, StopParameters(now: true))) }

    /// The tasks that it names.
    public var ids: [Int64] {
        if let it = call[.update] { return [it.id] }
        if let it = call[.cancel] { return it.ids ?? [] }
        if let it = call[.retry] { return it.ids }
        return (call.parameters as? TaskSelection)?.ids ?? []
    }

    public func isOf<P, A>(_ methods: OrchProtocol.Method<P, A>...) -> Bool { methods.contains { $0.name == call.method.name } }
}

extension Command {
    /// The same with a key.
    public func keyed(_ key: String) -> Command { Command(call.keyed(by: key), unusable: unusable) }
}
