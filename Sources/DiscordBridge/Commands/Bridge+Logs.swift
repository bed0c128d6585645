import DiscordAPI
import OrchProtocol
import Text

/// How much of what an attempt has written is known.
public struct LogPlace: Sendable, Equatable {
    /// 0 where nothing is.
    public var attempt: Int
    public var stdout: Int64
    public var stderr: Int64

    public init(attempt: Int = 0, stdout: Int64 = 0, stderr: Int64 = 0) {
        self.attempt = attempt
        self.stdout = stdout
        self.stderr = stderr
    }
}

/// What has been written since.
public struct LogPiece: Sendable, Equatable {
    public var text: String
    /// Up to where it goes.
    public var place: LogPlace
    /// Whether there will be no more.
    public var isLast: Bool

    public init(text: String, place: LogPlace, isLast: Bool) {
        self.text = text
        self.place = place
        self.isLast = isLast
    }
}

/// Logs that are followed in the threads of their tasks. How far a log is known is stored together with the message that tells it, so no
/// line is told twice, and no more of it waits than one message.
extension Bridge {
    /// How many logs are followed at once.
    private static let mostFollowed = 8
    /// How many messages one log may fill.
    private static let mostPieces = 300
    /// Between two looks at one log, in milliseconds.
    private static let logPause: Int64 = 3000
    /// How many bytes of a log one message holds.
    private static let pieceLength = 1700

    func follow(_ id: Int64, _ store: BridgeTransaction) throws -> String {
        guard let task = try store.task(id), task.thread != .impossible else { return "Task \(id) has no thread." }
        let followed = try store.followed()
        guard followed.count < Self.mostFollowed || followed.contains(where: { $0.task == id }) else {
            return "\(followed.count) logs are followed. End one with /logs stop."
        }
        try store.follow(id)
        return "What task \(id) writes comes into <#\(task.message)>, until it ends or somebody uses /logs stop."
    }

    mutating func readLogs(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        var effects: [Effect] = []
        // What waits to be sent is enough for the moment.
        for log in try store.followed() where try !store.hasWaitingLog(log.task) && desk.start(.log(log.task), now) {
            effects.append(.readLog(log.task, after: log.place))
        }
        return effects
    }

    mutating func settle(log id: Int64, _ answer: Answer, _ now: Int64, _ store: BridgeTransaction) throws {
        guard let log = try store.followed().first(where: { $0.task == id }), let task = try store.task(id) else { return }
        guard case .log(let piece) = answer else { return try store.unfollow(id) }
        var texts: [String] = []
        if !DiscordText.trimmed(piece.text).isEmpty { texts.append(DiscordText.fenced(Self.end(of: piece.text))) }
        let isTooLong = log.pieces + texts.count >= Self.mostPieces
        if isTooLong { texts.append("This log is too long to be followed here: `orchctl logs \(id)`") }
        for (number, text) in texts.enumerated() {
            let part = log.pieces + number + 1
            try store.want(.log, id, part: part, in: task.message, content: Self.text(Content(text: text)))
        }
        try store.follow(id, piece.place, pieces: log.pieces + texts.count)
        if piece.isLast || isTooLong { try store.unfollow(id) } else { desk.delay(.log(id), until: now + Self.logPause) }
    }

    /// Its last lines, as many as one message holds.
    private static func end(of text: String) -> String {
        let lines = DiscordText.trimmed(text).split(separator: "\n", omittingEmptySubsequences: false)
        var room = pieceLength
        var kept: [Substring] = []
        for line in lines.reversed() {
            let shown = line.utf16.count > 400 ? Substring(String(line).shortened(to: 190)) : line
            room -= shown.utf16.count + 1
            guard room > 0 else { break }
            kept.append(shown)
        }
        let rest = lines.count - kept.count
        return ((rest > 0 ? ["… \(counted(rest, "line")) before"] : []) + kept.reversed()).joined(separator: "\n")
    }
}
