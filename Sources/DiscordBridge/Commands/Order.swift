import DiscordAPI
import OrchProtocol

/// What the daemon must do or tell for an interaction. By then it is decided who may.
public enum Order: Sendable, Equatable, Codable {
    /// A task, once its message is there.
    case submit(TaskSpec, files: [Attachment]?)
    case stop([Int64])
    case retry(Int64)
    case hold(Int64)
    case release(Int64)
    case pause(Int64)
    case resume(Int64)
    case prioritize(Int64, Int)
    /// A question, such as 42.q1, with a text.
    case answer(String, String)
    case pausePool(String)
    case resumePool(String)
    case resizePool(String, Int)
    case show(Int64)
    case result(Int64)
    case logs(Int64)
    /// Of what these pools are and do.
    case status([String])
    case pools([String])
    case usage([String], days: Int)
    case agents([String])
    case models([String])

    /// Whether it changes nothing.
    var isLook: Bool {
        switch self {
        case .show, .result, .logs, .status, .pools, .usage, .agents, .models: true
        case .submit, .stop, .retry, .hold, .release, .pause, .resume, .prioritize, .answer, .pausePool, .resumePool,
            .resizePool:
            false
        }
    }
}
