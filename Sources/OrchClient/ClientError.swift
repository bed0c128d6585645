import Glibc
import Platform

/// Why a connection could not be made, or did not last until the answer.
///
/// A request that the daemon understood and refused is a `WireError` instead.
public enum ClientError: Error, Sendable, Equatable {
    /// Nothing accepts connections at the path: `ENOENT` where there is no socket, `ECONNREFUSED` where nobody listens.
    case noDaemon(path: String, errno: Int32)
    /// The socket is there, but its permissions keep this user out.
    case denied(path: String)
    /// The connection ended before the answer came. Whether the daemon acted on the request is unknown.
    case lost
    /// The daemon sent something that is not the protocol.
    case malformed(String)
    /// The request is longer than the daemon would take. Nothing was sent.
    case tooLong(bytes: Int, limit: Int)
    /// The deadline passed first.
    case timedOut
}

extension ClientError: CustomStringConvertible {
    /// A sentence without its full stop, for a person.
    public var description: String {
        switch self {
        case .noDaemon(_, ENOENT) where Self.isTaskWithoutDoor: Self.doorAdvice
        case .noDaemon(let path, ENOENT): "there is no socket at \(path): orchd is not running"
        case .noDaemon(let path, ECONNREFUSED): "nobody listens at \(path): orchd is not running"
        case .noDaemon(let path, let errno): "cannot connect to \(path): \(String(cString: strerror(errno)))"
        case .denied(let path): "you are not allowed to use \(path)"
        case .lost: "the connection to orchd was lost before its answer; nobody knows whether the request was carried out"
        case .malformed(let what): "invalid response from the daemon: \(what)"
        case .tooLong(let bytes, let limit): "the request has \(bytes) bytes; orchd takes \(limit)"
        case .timedOut: "no answer in time"
        }
    }

    /// Within a task the daemon does run: it is somewhere else than clients look, and would not take a task that came there.
    public static var isTaskWithoutDoor: Bool {
        Environment.own[.socket] == nil && Environment.own[.taskPool] != nil
    }

    private static var doorAdvice: String {
        let pool = Environment.own[.taskPool] ?? ""
        return """
            this is a task, and its pool "\(pool)" gives it no door to orchd: add a section [spawn] to the file of the pool, so that its \
            tasks may start others, or full_access = true, so that they may do whatever their user may
            """
    }
}
