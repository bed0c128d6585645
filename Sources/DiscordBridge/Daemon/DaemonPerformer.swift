import Foundation
import OrchClient
import OrchProtocol
import Presentation

/// Does at the daemon what the bridge has ordered, one thing after the other in the order of the orders, on a thread of its own.
final class DaemonPerformer: @unchecked Sendable {
    // The session is used on the queue only.
    private let queue = DispatchQueue(label: "orch-discord.daemon")
    private let session: Session
    /// For whom it asks at present.
    private var subject: String?

    /// How long the daemon may take: it answers at once or not at all.
    private static let patience = Duration.seconds(60)

    init(path: String) {
        session = Session(path: path)
        session.patience = .zero
    }

    /// Orders it; the answer comes on another thread.
    ///
    /// - Parameter files: that come with a task.
    func perform(_ effect: Effect, _ files: [SubmittedFile] = [], _ answer: @escaping @Sendable (Answer) -> Void) {
        queue.async { answer(self.answer(to: effect, files)) }
    }

    private func answer(to effect: Effect, _ files: [SubmittedFile]) -> Answer {
        do {
            switch effect {
            case .submit(_, let text, let previous, _):
                var spec = try JSONDecoder().decode(TaskSpec.self, from: Data(text.utf8))
                if let previous { try FollowUp.continue(previous, record(previous), in: &spec) }
                if !files.isEmpty {
                    spec.files = files
                    let names = files.map(\.name).joined(separator: ", ")
                    spec.prompt = spec.prompt.map { "\($0)\n\nFiles in the working directory: \(names)" }
                }
                guard let task = try call(.submit, .one(spec)).all.first else {
                    return .impossible("the daemon has made no task")
                }
                return .task(task.id)
            case .fetch(let id, let asking):
                let record = try record(id)
                return .record(record, ended: try record.map { try ended(asking, of: $0) } ?? [])
            case .survey: return .status(try call(.status, NoParameters()))
            case .amend(_, let id, let text):
                let spec = try JSONDecoder().decode(TaskSpec.self, from: Data(text.utf8))
                subject = spec.subject
                defer { subject = nil }
                try amend(id, to: spec)
                return .done
            case .verify(let message, let orderedAt, let witness): return try verify(message, orderedAt, witness)
            case .withdraw(let id):
                _ = try call(.cancel, CancelParameters(ids: [id]))
                return .done
            case .carryOut(let id, let order, let person):
                subject = Intake.subject(person)
                defer { subject = nil }
                return try carryOut(order, key: Intake.key(id))
            case .readLog(let id, let place): return .log(try log(id, after: place))
            case .catalogue: return .agents(try call(.agentList, NoParameters()).agents)
            default: return .impossible("is nothing for the daemon")
            }
        } catch let error as WireError {
            return Self.isPassing(error) ? .later(5000) : .impossible(error.message)
        } catch let error as FollowUp.Refused {
            return .impossible(error.reason)
        } catch is DecodingError {
            return .impossible("the stored task cannot be read")
        } catch {
            // Where it is not known whether it was done, doing it again is the same: what changes something has a key.
            session.disconnect()
            return .later(0)
        }
    }

    private func forSubject<P: MethodParameters>(_ parameters: P) -> P {
        guard let subject, var action = parameters as? any ActionParameters else { return parameters }
        action.subject = subject
        return action as? P ?? parameters
    }

    func record(_ id: Int64) throws -> TaskRecord? {
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
        // Somebody has to let the bridge ask for others, and what people have asked for waits until then.
        if error.kind == .forbidden, error.data?.field == "subject" { return true }
        return codes.contains { $0.number == error.code }
    }

    func call<P, A>(
        _ method: OrchProtocol.Method<P, A>, _ parameters: P,
        onNotification: (OrchProtocol.Notification) throws -> Void = { _ in }
    ) throws -> A {
        try session.call(method, forSubject(parameters), deadline: .now + Self.patience, onNotification: onNotification)
    }
}
