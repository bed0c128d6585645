import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol
import Presentation

/// A task that somebody at a terminal follows, and may interrupt.
final class FollowedTask {
    private let id: Int64
    private let session: Session
    private var interruptions = 0

    init(id: Int64, session: Session) {
        self.id = id
        self.session = session
    }

    /// Returns the task, with its result, once it has ended.
    ///
    /// - Parameter output: what happens to its output, as it is written; nil for nothing.
    /// - Parameter tells: whether to say which attempt it is, from the second on.
    func follow(_ output: LogStream.Writer?, tells: Bool) throws -> TaskRecord {
        let waiting = Waiting(for: id, session)
        session.watches = [waiting?.watch].compactMap(\.self) + Interrupts.watches(interrupted)
        defer { session.watches = [] }
        if let output {
            var parameters = LogsParameters(id: id)
            parameters.follow = true
            _ = try LogStream(parameters, tells: tells, write: output).run(session)
        }
        // The output may be complete a moment before the task has its final state.
        _ = try session.call(.wait, WaitParameters(ids: [id]))
        return try session.call(.get, GetParameters(id: id, result: true))
    }

    private func interrupted(_ descriptor: Int32) throws {
        var bytes = [UInt8](repeating: 0, count: 16)
        interruptions += max(0, read(descriptor, &bytes, bytes.count))
        if interruptions > 1 {
            Output.remark("left; task \(id) may still be stopping: orchctl show \(id)")
            throw ExitCode(128 + SIGINT)
        }
        Output.remark("stopping task \(id); press Ctrl-C again to leave without waiting")
        do {
            // On a connection of its own: the one in use may be in the middle of something, or gone.
            _ = try Connection(path: session.path).call(.cancel, CancelParameters(ids: [id]))
        } catch let error as WireError where error.kind == .invalidState {
            // It ended in the meantime.
        }
    }
}

/// How `orchctl run` ends after its task.
struct RunStatus: Equatable {
    /// The exit status.
    var code: Int32
    /// What the status alone does not say.
    var remark: String?

    /// - Parameter saysWhyItself: whether what it wrote has been shown.
    init(_ task: TaskRecord, saysWhyItself: Bool = true) {
        let outcome = task.attempts.last?.outcome
        switch task.state {
        case .succeeded: code = 0
        case .cancelled: code = Outcome(.cancelled).exitStatus
        case .failed: code = outcome.map(\.exitStatus) ?? 1
        default: code = ExitStatus.runFailed.rawValue
        }
        // A program that fails says why itself.
        if task.state != .succeeded, !(saysWhyItself && task.state == .failed && outcome?.kind == .exited) {
            remark = TaskText.ending(task)
        }
    }
}
