import Logging
import OrchProtocol
import Platform
import Scheduling
import Synchronization

/// Writes to the log whom the daemon has refused what. A client that tries again and again gets a number in one of its later entries, and
/// not an entry each time.
final class DenialLog: Sendable {
    private struct Record {
        var since: ContinuousClock.Instant
        var written = 0
        var unwritten = 0
    }

    private static let window = Duration.seconds(60)
    private static let perWindow = 10
    private static let maximumUsers = 1024

    private let log: Logger
    private let queue: SerialQueue
    private let users = Mutex<[UInt32: Record]>([:])

    /// - Parameter queue: writes to the log, for which nobody waits.
    init(log: Logger, queue: SerialQueue) { (self.log, self.queue) = (log, queue) }

    func note(_ requester: Requester, _ method: any MethodDescriptor, _ error: WireError) {
        guard error.kind == .forbidden, let unwritten = admit(requester.uid, at: .now) else { return }
        let more = unwritten > 0 ? " It was refused \(unwritten) more times before." : ""
        let metadata: Logger.Metadata = [
            "MESSAGE_ID": "\(EventMessages.refusedID)", "REQUESTER_UID": "\(requester.uid)", "METHOD": "\(method.name)",
        ]
        queue.async { [log] in
            log.notice("uid \(requester.uid) was refused \(method.name): \(error.message).\(more)", metadata: metadata)
        }
    }

    /// How many refusals of this user have not been written since the last that was; nil where this one is not to be either.
    private func admit(_ uid: UInt32, at now: ContinuousClock.Instant) -> Int? {
        users.withLock { users in
            if users.count >= Self.maximumUsers, users[uid] == nil { users.removeAll() }
            var record = users[uid] ?? Record(since: now)
            if now - record.since > Self.window { (record.since, record.written) = (now, 0) }
            defer { users[uid] = record }
            guard record.written < Self.perWindow else {
                record.unwritten += 1
                return nil
            }
            record.written += 1
            defer { record.unwritten = 0 }
            return record.unwritten
        }
    }
}
