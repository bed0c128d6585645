/// Why a request came to nothing. Nothing of it, and no description, has a token.
public enum DiscordError: Error, Hashable, Sendable {
    /// The token is not taken. Every further request makes it worse: stop.
    case unauthorized
    /// The bot may not do this here. It will not become better by itself.
    case forbidden(Refusal)
    /// There is no such channel, message or interaction (any more).
    case notFound(Refusal)
    /// Discord does not take what was sent, no matter who sends it.
    case invalid(Refusal)
    /// No answer came, so that it may have happened or not.
    case unclear(String)
    /// It did not happen, and may do so later: Discord cannot be reached, or says that it has a problem.
    case unavailable(String)
    /// Its turn would come too late, by what Discord allows: after this number of milliseconds.
    case limited(for: Int64)
    /// This program itself refuses: an address that is not Discord's, a file that is too large.
    case refused(String)
    /// Nobody wants it any more.
    case cancelled

    /// What Discord says of what it does not do.
    public struct Refusal: Hashable, Sendable {
        public var status: Int
        /// Discord's own number for it; 0 where it gave none.
        public var code = 0
        public var message: String
    }

    /// Whether the same may be tried again, later.
    public var isPassing: Bool {
        switch self {
        case .unclear, .unavailable, .limited: true
        case .unauthorized, .forbidden, .notFound, .invalid, .refused, .cancelled: false
        }
    }
}

extension DiscordError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unauthorized: "Discord refuses the token: make a new one in its developer portal"
        case .forbidden(let refusal): "Discord does not allow it: \(refusal)"
        case .notFound(let refusal): "Discord does not know it: \(refusal)"
        case .invalid(let refusal): "Discord refuses it: \(refusal)"
        case .unclear(let what): "no answer from Discord; the request may have been carried out: \(what)"
        case .unavailable(let what): "Discord cannot be reached: \(what)"
        case .limited(let wait): "Discord allows it only in \((wait + 999) / 1000) s"
        case .refused(let what): what
        case .cancelled: "it was given up"
        }
    }
}

extension DiscordError.Refusal: CustomStringConvertible {
    public var description: String { code == 0 ? "\(message) (\(status))" : "\(message) (\(status), code \(code))" }
}
