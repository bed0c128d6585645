import NIOPosix
import OrchProtocol
import Scheduling
import Storage

/// Sends each call to where it is answered: what changes something to the turn loop, what only looks to readers beside it, and what
/// streams to an object of its own.
final class RequestRouter: Sendable {
    private let core: EngineCore
    private let queries: Queries
    private let streams: Streams
    private let control: EngineControl
    private let backups: Backups
    private let denials: DenialLog
    private let workers: NIOThreadPool
    private let directories = WorkingDirectories()

    init(
        core: EngineCore, queries: Queries, streams: Streams, control: EngineControl, backups: Backups, denials: DenialLog,
        workers: NIOThreadPool
    ) {
        self.core = core
        self.queries = queries
        self.streams = streams
        self.control = control
        self.backups = backups
        self.denials = denials
        self.workers = workers
    }

    func take(_ call: Call, by requester: Requester, _ responder: Responder) {
        let responder = responder.onFailure { [denials, method = call.method] in denials.note(requester, method, $0) }
        switch call {
        case .submit(let submission):
            directories.look(at: submission, by: requester) {
                self.command(.submit(submission, unusable: $0), requester, responder)
            }
        case .update(let parameters): command(.update(parameters), requester, responder)
        case .cancel(let parameters): command(.cancel(parameters), requester, responder)
        case .retry(let selection): command(.retry(selection.ids), requester, responder)
        case .hold(let selection): command(.hold(selection.ids), requester, responder)
        case .release(let selection): command(.release(selection.ids), requester, responder)
        case .pause(let selection): command(.pause(selection.ids), requester, responder)
        case .resume(let selection): command(.resume(selection.ids), requester, responder)
        case .poolPause(let selection): command(.pausePool(selection.pool), requester, responder)
        case .poolResume(let selection): command(.resumePool(selection.pool), requester, responder)
        case .poolDrain(let selection): command(.drainPool(selection.pool), requester, responder)
        case .poolResize(let it): command(.resizePool(it.pool, slots: it.slots), requester, responder)
        case .agentResume(let selection): command(.resumeAgent(selection.agent), requester, responder)
        case .drain: command(.drain, requester, responder)
        case .get(let parameters): query(responder) { try self.queries.get(parameters) }
        case .list(let parameters): query(responder) { try self.queries.list(parameters) }
        case .routeExplain(let spec): query(responder) { try self.queries.explain(spec, by: requester) }
        case .poolList: query(responder) { try self.queries.pools() }
        case .workerList(let parameters): query(responder) { try self.queries.workers(parameters) }
        case .usage(let parameters): query(responder) { try self.queries.usage(parameters) }
        case .agentList: responder.succeed(queries.agents())
        case .status: query(responder) { try self.queries.status() }
        case .version: responder.succeed(VersionInfo(version: Release.version, protocol: Wire.version))
        case .wait(let parameters): stream(responder) { try self.streams.wait(parameters, responder) }
        case .logs(let parameters): stream(responder) { try self.streams.logs(parameters, responder) }
        case .file(let parameters): stream(responder) { try self.streams.file(parameters, responder) }
        case .subscribe(let parameters): stream(responder) { try self.streams.subscribe(parameters, responder) }
        case .reload: reload(requester, responder)
        case .backup:
            stream(responder) {
                try requester.requireAdministrator(to: "make a backup")
                try self.backups.start(by: requester, responder)
            }
        case .stop(let parameters):
            if parameters.now == true {
                command(.shutdown, requester, responder) { self.control.stop() }
            } else {
                command(.drain, requester, responder) { self.control.stop() }
            }
        }
    }

    private func command(
        _ command: Command, _ requester: Requester, _ responder: Responder,
        then next: @escaping @Sendable () -> Void = {}
    ) {
        core.request(command, by: requester) { reply in
            switch reply {
            case .submitted(let result): responder.succeed(result)
            case .changed(let result): responder.succeed(result)
            case .done(let message): responder.succeed(Acknowledged(message))
            case .failed(let error): return responder.fail(error)
            }
            next()
        }
    }

    private func query<T: Codable & Sendable>(_ responder: Responder, _ body: @escaping @Sendable () throws -> T) {
        stream(responder) { responder.succeed(try body()) }
    }

    private func reload(_ requester: Requester, _ responder: Responder) {
        stream(responder) {
            try requester.requireAdministrator(to: "reload the configuration")
            self.control.reload(by: requester) { result in
                switch result {
                case .success(let changes): responder.succeed(changes)
                case .failure(let error): responder.fail(error)
                }
            }
        }
    }

    /// Runs a body that answers by itself, or throws what is to be answered.
    private func stream(_ responder: Responder, _ body: @escaping @Sendable () throws -> Void) {
        workers.submit { state in
            guard case .active = state else {
                return responder.fail(WireError(.stopping, "the daemon is stopping"))
            }
            do {
                try body()
            } catch {
                responder.fail(WireError(storage: error))
            }
        }
    }
}
