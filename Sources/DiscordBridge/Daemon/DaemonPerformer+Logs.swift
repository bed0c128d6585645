import OrchClient
import OrchProtocol

/// What tasks have written, as far as it is new.
extension DaemonPerformer {
    /// How many lines are read of a log of which nothing is known, and of one that is followed.
    private static let firstLines = 20
    private static let moreLines = 300

    func log(_ id: Int64, after place: LogPlace) throws -> LogPiece {
        var parameters = LogsParameters(id: id)
        parameters.tail = place.attempt == 0 ? Self.firstLines : Self.moreLines
        var reader = LogReader(after: place)
        let end = try call(.logs, parameters) { notification in
            if case .output(_, let chunk) = notification { reader.take(chunk) }
        }
        return reader.piece(isLast: end.state.isFinal)
    }
}
