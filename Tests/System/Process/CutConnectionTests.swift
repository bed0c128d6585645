import CLinux
import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Synchronization
import Testing

/// A connection that breaks anywhere within a request or its answer: what was asked for is done once, or the client says that it does not know.
@Suite(.onThreads) struct CutConnectionTests {
    /// Where the first connection breaks. The later ones hold.
    enum Cut: CaseIterable {
        case beforeTheRequest, withinTheRequest, beforeItsLastByte, beforeTheAnswer, withinTheAnswer,
            beforeTheLastByteOfTheAnswer

        /// The daemon has the whole request.
        var isHeard: Bool {
            switch self {
            case .beforeTheRequest, .withinTheRequest, .beforeItsLastByte: false
            case .beforeTheAnswer, .withinTheAnswer, .beforeTheLastByteOfTheAnswer: true
            }
        }
    }

    /// All that changes something, but the end of the daemon.
    private enum Change: CaseIterable {
        case submit, submitWithKey, update, hold, release, pause, resume, cancel, retry
        case poolPause, poolResume, poolResize, poolDrain, agentResume, reload, drain

        /// What tells of it.
        var event: Event.Kind {
            switch self {
            case .submit, .submitWithKey, .retry: .taskQueued
            case .update: .taskUpdated
            case .hold: .taskHeld
            case .release: .taskReleased
            case .pause: .taskPaused
            case .resume: .taskResumed
            case .cancel: .taskFinished
            case .poolPause: .poolPaused
            case .poolResume: .poolResumed
            case .poolResize: .poolResized
            case .poolDrain: .poolDraining
            case .agentResume: .gateOpened
            case .reload: .daemonReloaded
            case .drain: .daemonDraining
            }
        }

        /// Makes what it changes, and asks for the change.
        func call(_ daemon: Daemon) throws -> Call {
            func held() throws -> Int64 { try daemon.submit("true") { $0.hold = true } }
            let pool = PoolSelection(pool: "default")
            switch self {
            case .submit, .submitWithKey:
                var spec = TaskSpec(command: ["true"])
                spec.hold = true
                if self == .submitWithKey { spec.key = "key" }
                return Call(.submit, .one(spec))
            case .update:
                var change = UpdateParameters(id: try held())
                change.priority = 7
                return Call(.update, change)
            case .hold:
                let far = Timestamp(milliseconds: 4_000_000_000_000)
                return Call(.hold, TaskSelection(ids: [try daemon.submit("true") { $0.notBefore = far }]))
            case .release: return Call(.release, TaskSelection(ids: [try held()]))
            case .pause, .resume:
                let id = try daemon.submit("sleep", "1000")
                try eventually("a start") { try daemon.task(id).state == .running }
                if self == .pause { return Call(.pause, TaskSelection(ids: [id])) }
                _ = try daemon.call(.pause, TaskSelection(ids: [id]))
                return Call(.resume, TaskSelection(ids: [id]))
            case .cancel: return Call(.cancel, CancelParameters(ids: [try held()]))
            case .retry: return Call(.retry, RetryParameters(ids: [try daemon.end(of: daemon.submit("false")).id]))
            case .agentResume:
                let id = try daemon.submit([TaskSpec(prompt: "p")])[0]
                try eventually("a limit") { try daemon.task(id).waiting == .limited }
                return Call(.agentResume, AgentSelection(agent: "limited"))
            case .poolPause: return Call(.poolPause, pool)
            case .poolResume:
                _ = try daemon.call(.poolPause, pool)
                return Call(.poolResume, pool)
            case .poolResize: return Call(.poolResize, ResizeParameters(pool: "default", slots: 9))
            case .poolDrain: return Call(.poolDrain, pool)
            case .reload: return Call(.reload)
            case .drain: return Call(.drain)
            }
        }
    }

    private static func start() throws -> Daemon {
        let directory = try Directory()
        try directory.write(
            """
            argv = ["sh", "-c", "echo usage limit >&2; exit 1"]
            [[failure]]
            kind = "usage_limit"
            pattern = "usage limit"
            """, to: "agents/limited.toml")
        return try Daemon(pool: "slots = 8\nagent = \"limited\"\n", directory: directory)
    }

    private static func events(_ daemon: Daemon, after last: Int64) throws -> [Event] {
        var events: [Event] = []
        _ = try daemon.connect().call(.subscribe, SubscribeParameters(after: last, follow: false)) {
            if case .event(_, let event) = $0 { events.append(event) }
        }
        return events
    }

    /// Asks over a connection that breaks.
    ///
    /// - Returns: why there was no answer.
    private static func ask(_ call: Call, _ daemon: Daemon, _ cut: Cut) throws -> (any Error)? {
        let proxy = try Proxy(daemon, cut)
        defer { proxy.stop() }
        do {
            _ = try Session(path: proxy.path).answer(to: call)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: Cut.allCases) func aChangeIsMadeOnceOrNobodyKnows(cut: Cut) throws {
        let daemon = try Self.start()
        var last: Int64 = 0
        for change in Change.allCases {
            let call = try change.call(daemon)
            last = try Self.events(daemon, after: last).last?.seq ?? last
            let error = try Self.ask(call, daemon, cut)
            let found = try Self.events(daemon, after: last).filter { $0.kind == change.event }
            let isRepeatable = call.keyed(by: "k").isRepeatable
            #expect((error == nil) == isRepeatable, "\(change): \(error.map { "\($0)" } ?? "an answer")")
            if let error {
                #expect("\(error)".hasSuffix("nobody knows whether the request was carried out"), "\(change): \(error)")
            }
            #expect(found.count == (error == nil || cut.isHeard ? 1 : 0), "\(change): \(found)")
            if [.poolPause, .poolDrain, .poolResize].contains(change) {
                _ = try daemon.call(.poolResume, .init(pool: "default"))
            }
        }
        _ = try daemon.call(.cancel, CancelParameters(all: true))
        // The last change that there is, and the only one of which the end of the daemon tells.
        let error = try Self.ask(Call(.stop, StopParameters(now: true)), daemon, cut)
        #expect(error as? ClientError == .lost)
        guard cut.isHeard else { return try daemon.finish() }
        #expect(try daemon.launcher.wait() == 0)
        try daemon.expectNothingLeft()
    }
}

/// Stands before a daemon's socket, and breaks the first connection.
private final class Proxy: Sendable {
    let path: String
    private let daemon: String
    private let listener: Int32
    private let cut: CutConnectionTests.Cut

    init(_ daemon: Daemon, _ cut: CutConnectionTests.Cut) throws {
        path = daemon.directory.file("proxy")
        self.daemon = daemon.socket
        self.cut = cut
        listener = linux_unix_listen(path, Int32(SOCK_STREAM.rawValue), 0o600, 8)
        guard listener >= 0, fcntl(listener, F_SETFL, 0) == 0 else { throw Failure("listen: \(listener)") }
        Thread { [self] in serve() }.start()
    }

    /// The thread closes what it listens on.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve() {
        var cut: CutConnectionTests.Cut? = self.cut
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            pass(client, cut)
            cut = nil
            close(client)
        }
        close(listener)
    }

    /// One request after the other, each with its answer.
    private func pass(_ client: Int32, _ cut: CutConnectionTests.Cut?) {
        if cut == .beforeTheRequest { return }
        let server = linux_unix_connect(daemon, Int32(SOCK_STREAM.rawValue))
        guard server >= 0 else { return }
        defer { close(server) }
        while let request = line(client) {
            switch cut {
            case .withinTheRequest: RawClient.send(Array(request.prefix(request.count / 2)), to: server)
            case .beforeItsLastByte: RawClient.send(Array(request.dropLast()), to: server)
            default: RawClient.send(request, to: server)
            }
            guard cut?.isHeard ?? true, let answer = line(server) else { return }
            switch cut {
            case .withinTheAnswer: RawClient.send(Array(answer.prefix(answer.count / 2)), to: client)
            case .beforeTheLastByteOfTheAnswer: RawClient.send(Array(answer.dropLast()), to: client)
            case nil: RawClient.send(answer, to: client)
            default: break
            }
            if cut != nil { return }
        }
    }

    /// With its line feed.
    private func line(_ socket: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while recv(socket, &byte, 1, 0) == 1 {
            bytes.append(byte)
            if byte == UInt8(ascii: "\n") { return bytes }
        }
        return nil
    }
}
