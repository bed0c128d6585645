import DaemonConfiguration
import Foundation
import Glibc
import Logging
import OrchProtocol
import Platform
import Scheduling
import SupervisorLink
import Synchronization

/// Writes the story of each task to the log, in sentences, with fields to filter by.
final class JournalWriter: Sendable {
    /// How many sentences may wait for the journal. A journal that is slow for long costs sentences, never tasks.
    private static let maximumBacklog = 20_000

    private let log: Logger
    private let users: TaskUsers
    private let queue: SerialQueue
    private let backlog = Mutex((waiting: 0, dropped: 0))

    init(log: Logger, users: TaskUsers, queue: SerialQueue) {
        self.log = log
        self.users = users
        self.queue = queue
    }

    func tell(_ events: [Event]) {
        guard log.logLevel <= .info else { return }
        let isFull = backlog.withLock { backlog in
            guard backlog.waiting + events.count <= Self.maximumBacklog else {
                backlog.dropped += events.count
                return true
            }
            backlog.waiting += events.count
            return false
        }
        guard !isFull else { return }
        queue.async {
            for event in events { self.write(event) }
            let dropped = self.backlog.withLock { backlog in
                backlog.waiting -= events.count
                defer { backlog.dropped = 0 }
                return backlog.dropped
            }
            if dropped > 0 { self.log.warning("\(dropped) entries are missing here: the journal was too slow") }
        }
    }

    private func write(_ event: Event) {
        guard let message = EventMessages.message(event) else { return }
        var metadata: Logger.Metadata = ["MESSAGE_ID": "\(message.id)"]
        metadata["TASK_ID"] = event.task.map { "\($0)" }
        metadata["ATTEMPT"] = event.attempt.map { "\($0)" }
        metadata["POOL"] = event.pool.map { "\($0)" }
        metadata["SUBMITTER_UID"] = event.submitter.map { "\($0)" }
        metadata["SUBJECT"] = event.subject.map { "\($0)" }
        metadata["REQUESTED_BY"] = event.by.map { "\($0)" }
        metadata["WORKER"] = event.worker.map { "\($0)" }
        if let pid = event.pid {
            metadata["TASK_PID"] = "\(pid)"
            let user = event.pool.flatMap { users.user(pool: $0, submitter: event.submitter) }
            metadata["TASK_UID"] = user.map { "\($0)" }
        }
        metadata["TASK_STATE"] = event.state.map { "\($0.rawValue)" }
        metadata["TASK_EXIT_STATUS"] = event.outcome?.code.map { "\($0)" }
        log.info("\(message.sentence)", metadata: metadata)
    }
}

/// Whom attempts run as. The supervisor decides that, but the directory in which their workspaces are belongs to that user.
struct TaskUsers: Sendable {
    let configuration: CurrentConfiguration

    /// The uid of the attempts of a pool; nil if none has been started there yet.
    func user(pool name: String, submitter: UInt32?) -> UInt32? {
        let configuration = configuration.value
        guard let root = configuration.workDirectory, let pool = configuration.pool(name) else { return nil }
        if pool.settings.runsAsSubmitter { return submitter }
        var status = stat()
        guard stat("\(root)/\(WorkspacePaths.folder(pool: name, user: nil))", &status) == 0 else { return nil }
        return status.st_uid
    }
}
