import DaemonConfiguration
import NIOPosix
import OrchProtocol
import Scheduling
import Storage

/// Where each method is answered: what only looks by readers beside the turn loop, what streams by an object of its own, and all that
/// changes something by a turn (`Turn.perform`).
struct RequestRouter: Sendable {
    private typealias Handler = @Sendable (Call, Requester, Responder) -> Void

    private let core: EngineCore
    private let denials: DenialLog
    private let readers: NIOThreadPool
    private var handlers: [String: Handler] = [:]

    init(
        core: EngineCore, queries: Queries, streams: Streams, control: EngineControl, backups: Backups, denials: DenialLog,
        readers: NIOThreadPool
    ) throws {
        self.core = core
        self.denials = denials
        self.readers = readers
        let directories = try WorkingDirectories()
        let submitted = core.files.submitted
        @Sendable func submit(_ submission: Submission, _ requester: Requester, _ responder: Responder) {
            directories.look(at: submission, by: requester) {
                core.carryOut(Command(Call(.submit, submission), unusable: $0), requester, responder) {
                    submitted.removeUnused(of: submission, $0, of: requester.uid)
                }
            }
        }
        on(.submit) { submission, requester, responder in
            guard submission.all.contains(where: { $0.files != nil }) else { return submit(submission, requester, responder) }
            submitted.keep(submission, of: requester.uid, limit: core.configuration.value.submittedFiles, core.store) {
                result in
                switch result {
                case .success(let kept): submit(kept, requester, responder)
                case .failure(let error): responder.fail(error)
                }
            }
        }
        on(.stop) { it, requester, responder in
            core.carryOut(Command(Call(.stop, it)), requester, responder) { reply in
                if case .failed = reply { return }
                control.stop()
            }
        }
        let store = core.store
        read(.get) { it, requester in
            try Sight(of: requester, in: store).check([it.id], field: "id")
            return try queries.get(it)
        }
        read(.list) { it, requester in try queries.list(it, below: Sight(of: requester, in: store).task) }
        read(.questionList) { it, _ in try queries.questions(it) }
        read(.routeExplain) { try queries.explain($0, by: $1) }
        read(.poolList) { _, requester in try queries.pools(for: requester) }
        read(.agentList) { _, requester in try queries.agents(for: requester) }
        read(.workerList) { it, _ in try queries.workers(it) }
        read(.usage) { it, _ in try queries.usage(it) }
        read(.status) { _, _ in try queries.status() }
        on(.progress) { it, requester, responder in
            do throws(WireError) {
                try core.note(it, by: requester)
                responder.succeed(Acknowledged("noted"))
            } catch {
                responder.fail(error)
            }
        }
        on(.version) { _, requester, responder in
            responder.succeed(
                VersionInfo(version: Release.version, protocol: Wire.version, task: requester.principal.task))
        }
        aside(.wait) { it, requester, responder in
            try Sight(of: requester, in: store).check(it.ids, field: "ids")
            try streams.wait(it, by: requester, responder)
        }
        aside(.questionWait) { it, requester, responder in try streams.wait(it, by: requester, responder) }
        aside(.logs) { it, requester, responder in
            try Sight(of: requester, in: store).check([it.id], field: "id")
            try streams.logs(it, by: requester, responder)
        }
        aside(.file) { it, requester, responder in
            try Sight(of: requester, in: store).check([it.id], field: "id")
            try streams.file(it, responder)
        }
        aside(.subscribe) { it, requester, responder in
            try streams.subscribe(it, Sight(of: requester, in: store), responder)
        }
        aside(.backup) { _, requester, responder in try backups.start(by: requester, responder) }
        aside(.reload) { _, requester, responder in control.reload(by: requester) { responder.answer($0) } }
    }

    func take(_ call: Call, by requester: Requester, _ responder: Responder) {
        let responder = responder.onFailure { [denials] in denials.note(requester, call.method, $0) }
        do throws(WireError) { _ = try requester.admitted(to: call) } catch { return responder.fail(error) }
        if let handler = handlers[call.method.name] { return handler(call, requester, responder) }
        assert(call.method.kind == .change, "nobody answers \(call.method.name)")
        core.carryOut(Command(call), requester, responder)
    }

    /// Answers by itself, on the thread of the connection.
    private mutating func on<P, A>(_ method: Method<P, A>, _ body: @escaping @Sendable (P, Requester, Responder) -> Void) {
        handlers[method.name] = { call, requester, responder in
            guard let parameters = call[method] else { return assertionFailure("\(method.name) has other parameters") }
            body(parameters, requester, responder)
        }
    }

    /// Answers by itself, or throws the error to answer, on a thread that may wait for the disk.
    private mutating func aside<P, A>(
        _ method: Method<P, A>, _ body: @escaping @Sendable (P, Requester, Responder) throws -> Void
    ) {
        on(method) { [readers] parameters, requester, responder in
            readers.submit { state in
                guard case .active = state else {
                    return responder.fail(WireError(.stopping, "the daemon is stopping"))
                }
                do {
                    try body(parameters, requester, responder)
                } catch {
                    responder.fail(WireError(storage: error))
                }
            }
        }
    }

    private mutating func read<P, A>(_ method: Method<P, A>, _ body: @escaping @Sendable (P, Requester) throws -> A) {
        aside(method) { $2.succeed(try body($0, $1)) }
    }
}

extension EngineCore {
    fileprivate func carryOut(
        _ command: Command, _ requester: Requester, _ responder: Responder,
        then next: @escaping @Sendable (Reply) -> Void = { _ in }
    ) {
        request(command, by: requester) { reply in
            switch reply {
            case .submitted(let result): responder.succeed(result)
            case .changed(let result): responder.succeed(result)
            case .question(let result): responder.succeed(result)
            case .done(let message): responder.succeed(Acknowledged(message))
            case .failed(let error): responder.fail(error)
            }
            next(reply)
        }
    }
}
