import Foundation
import OrchClient
import OrchProtocol
import Presentation

/// Does at the daemon what the bridge has ordered, one thing after the other in the order of the orders, on a thread of its own.
final class DaemonPerformer: @unchecked Sendable {
    // The session is used on the queue only.
    private let queue = DispatchQueue(label: "orch-discord.daemon")
    private let session: Session

    /// How long the daemon may take: it answers at once or not at all.
    private static let patience = Duration.seconds(60)
    /// How much of a log a click shows.
    private static let logLines = 20

    init(path: String) {
        session = Session(path: path)
        session.patience = .zero
    }

    /// Orders it; the answer comes on another thread.
    func perform(_ effect: Effect, _ answer: @escaping @Sendable (Answer) -> Void) {
        queue.async { answer(self.answer(to: effect)) }
    }

    /// Does what a click asks for; the sentence for who has clicked comes on another thread.
    func act(_ action: Effect.Action, _ answer: @escaping @Sendable (String) -> Void) {
        queue.async { answer(self.sentence(for: action)) }
    }

    private func answer(to effect: Effect) -> Answer {
        do {
            switch effect {
            case .submit(_, let text):
                let spec = try JSONDecoder().decode(TaskSpec.self, from: Data(text.utf8))
                guard let task = try call(.submit, .one(spec)).all.first else {
                    return .impossible("the daemon has made no task")
                }
                return .task(task.id)
            case .fetch(let id): return .record(try record(id))
            case .withdraw(let id):
                _ = try call(.cancel, CancelParameters(ids: [id]))
                return .done
            default: return .impossible("is nothing for the daemon")
            }
        } catch let error as WireError {
            return Self.isPassing(error) ? .later(5000) : .impossible(error.message)
        } catch is DecodingError {
            return .impossible("the stored task cannot be read")
        } catch {
            // Where it is not known whether it was done, doing it again is the same: a task has a key, and the rest changes nothing twice.
            session.disconnect()
            return .later(0)
        }
    }

    private func record(_ id: Int64) throws -> TaskRecord? {
        do {
            return try call(.get, GetParameters(id: id, result: true))
        } catch let error as WireError where error.code == WireError.Code.notFound.number {
            return nil
        }
    }

    /// Whether the same may be taken later.
    private static func isPassing(_ error: WireError) -> Bool {
        let codes: [WireError.Code] = [
            .tooBusy, .tooManyConnections, .storageFull, .storageFailed, .stopping, .draining, .internalError,
        ]
        return codes.contains { $0.number == error.code }
    }

    private func call<P, A>(
        _ method: OrchProtocol.Method<P, A>, _ parameters: P,
        onNotification: (OrchProtocol.Notification) throws -> Void = { _ in }
    ) throws -> A {
        try session.call(method, parameters, deadline: .now + Self.patience, onNotification: onNotification)
    }

    // MARK: Clicks

    private func sentence(for action: Effect.Action) -> String {
        do {
            switch action {
            case .stop(let id):
                let changed = try call(.cancel, CancelParameters(ids: [id]))
                return changed.count > 0 ? "Task \(id) is being stopped." : "Task \(id) has ended already."
            case .retry(let id):
                _ = try call(.retry, TaskSelection(ids: [id]))
                return "Task \(id) is queued again."
            case .raise(let id, let priority):
                var parameters = UpdateParameters(id: id)
                parameters.priority = priority
                _ = try call(.update, parameters)
                return "Task \(id) has the priority \(priority) now."
            case .logs(let id): return try logs(id)
            }
        } catch let error as WireError {
            return "No: \(DiscordText.line(error.message, atMost: 600))."
        } catch {
            session.disconnect()
            return "The daemon does not answer; nobody knows whether it was done."
        }
    }

    private func logs(_ id: Int64) throws -> String {
        var parameters = LogsParameters(id: id)
        parameters.tail = Self.logLines
        var text = ""
        _ = try call(.logs, parameters) { notification in
            guard case .output(_, let chunk) = notification else { return }
            text += chunk.text ?? "(bytes that are not text)\n"
            if text.utf8.count > 64 << 10 { text = String(text.suffix(8 << 10)) }
        }
        let trimmed = DiscordText.trimmed(text)
        guard !trimmed.isEmpty else { return "Task \(id) has written nothing." }
        return DiscordText.fenced(String(trimmed.suffix(1700)))
    }
}
