import OrchProtocol
import Presentation

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
