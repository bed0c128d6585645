/// What the end of a connection means for the next one.
enum CloseMeaning: Hashable, Sendable {
    /// The session is still there: continue with it.
    case resume
    /// The session is over: begin another.
    case begin
    /// It would end so again: somebody has to do something.
    case fail(GatewayError)

    /// - parameter code: nil where the connection just ended.
    init(code: Int?) {
        switch code {
        case 4004: self = .fail(.unauthorized)
        case 4014: self = .fail(.intentsNotAllowed)
        case let code? where (4010...4013).contains(code): self = .fail(.refused(code: code))
        // Not logged in, a wrong number, a session that has timed out.
        case 4003, 4007, 4009: self = .begin
        default: self = .resume
        }
    }
}

/// How this side ends a connection.
enum OwnClose {
    /// To come back: 1000 and 1001 would end the session.
    static let comingBack = 4000
    static let leaving = 1000
}
