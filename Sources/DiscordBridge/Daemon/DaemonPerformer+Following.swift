import DiscordAPI
import Foundation
import OrchProtocol

/// What follows a submission: an edit, and the search for it.
extension DaemonPerformer {
    /// In milliseconds.
    private static let day: Int64 = 86_400_000

    /// The model and the level of an old line are tags of its prompt.
    func amend(_ id: Int64, to spec: TaskSpec) throws {
        var change = UpdateParameters(id: id)
        change.pool = spec.pool
        let tags = [spec.model.map { "[model:\($0)] " }, spec.thinking.map { "[thinking:\($0.rawValue)] " }]
        change.prompt = spec.prompt.map { tags.compactMap(\.self).joined() + $0 }
        _ = try call(.update, change)
    }

    /// Whether there is a task of a message, or surely none.
    ///
    /// What has ended is forgotten in the order of the ends. So where something is known that has ended before the message was submitted, the
    /// task of the message would be known, too.
    func verify(_ message: Snowflake, _ orderedAt: Int64, _ witness: Int64?) throws -> Answer {
        var list = ListParameters()
        list.labels = ["discord.message": message.description]
        while true {
            let page = try call(.list, list)
            if let task = page.tasks.first { return .task(task.id) }
            guard let next = page.nextCursor else { break }
            list.cursor = next
        }
        if let witness, try record(witness) != nil { return .done }
        var ended = ListParameters()
        ended.states = [.succeeded, .failed, .cancelled, .expired]
        ended.limit = 1000
        let kept = try call(.list, ended)
        if kept.tasks.contains(where: { $0.finishedAt.map { $0.milliseconds < orderedAt } ?? false }) { return .done }
        // A daemon that has not done much yet has forgotten nothing of the last day.
        let age = Int64(Date().timeIntervalSince1970 * 1000) - orderedAt
        if kept.nextCursor == nil, age < Self.day { return .done }
        return .impossible("the daemon keeps nothing from that time")
    }
}
