import CLinux
import Foundation
import Glibc
import OrchProtocol
import SupervisorLink
import Synchronization
import Testing

/// A supervisor that does not take what a real engine says, whatever it is, and would not take it the next time either.
@Suite(.onThreads) struct BrokenLinkTests {
    /// Greets each engine, and ends its connection with the same words as soon as it says anything else.
    private final class Supervisor: Sendable {
        private let listener: Int32
        private let reason: String
        let connections = Mutex(0)

        init(_ path: String, reason: String) throws {
            self.reason = reason
            listener = linux_unix_listen(path, Int32(SOCK_SEQPACKET.rawValue), 0o600, 8)
            guard listener >= 0, fcntl(listener, F_SETFL, 0) == 0 else { throw Failure("listen: \(listener)") }
            Thread { [self] in serve() }.start()
        }

        func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

        private func serve() {
            while true {
                let engine = accept(listener, nil, nil)
                guard engine >= 0 else { break }
                connections.withLock { $0 += 1 }
                meet(engine)
                close(engine)
            }
            close(listener)
        }

        private func meet(_ engine: Int32) {
            guard hears(engine) else { return }
            let welcome = SupervisorMessage.Welcome(
                version: LinkProtocol.version, store: 1, heardUpTo: 0, pid: getpid(), cgroups: false,
                program: .init(release: "1", executedAt: 1))
            say(.welcome(welcome), engine)
            say(.inventoryEnd, engine)
            if hears(engine) { say(.closing(reason: reason), engine) }
        }

        private func hears(_ engine: Int32) -> Bool {
            var byte: UInt8 = 0
            return recv(engine, &byte, 1, 0) > 0
        }

        private func say(_ message: SupervisorMessage, _ engine: Int32) {
            let bytes = message.encoded()
            _ = linux_send_packet(engine, bytes, bytes.count, nil, 0, true)
        }
    }

    @Test func whatBreaksAgainAndAgainHasANameAndASlowPace() throws {
        let directory = try Directory()
        let (socket, link) = (directory.file("sock"), directory.file("link"))
        let supervisor = try Supervisor(link, reason: "sent a letter with a seal")
        defer { supervisor.stop() }
        var environment = Daemon.environment(directory)
        environment["ORCHD_SOCKET"] = socket
        let log = open(directory.file("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { [log, null].forEach { close($0) } }
        let engine = try Program(
            [Program.folder + "/orchd", "serve", "--state-dir", directory.file("state"), "--socket", socket, "--link", link],
            environment: environment, directory: directory.path, descriptors: [null, null, log])
        func orchctl(_ arguments: String...) throws -> Daemon.Result {
            try Daemon.Running(arguments, environment: environment, directory: directory, input: []).result()
        }
        let problem =
            "the link to the supervisor breaks repeatedly: the supervisor says that the engine sent a letter with a seal"
        try directory.wait(for: "sock")
        try eventually("a name for it") { try orchctl("status").output.contains(problem) }
        #expect(supervisor.connections.withLock { $0 } >= 2)
        // It stays a problem between two connections, and everybody who looks is told.
        for _ in 0..<3 { #expect(try orchctl("status").output.contains("degraded")) }
        let doctor = try orchctl("doctor")
        #expect(doctor.status != 0 && doctor.output.contains(problem), "\(doctor)")
        let id = try orchctl("submit", "--", "true").id
        let shown = try orchctl("show", "\(id)")
        #expect(shown.output.contains("breaks repeatedly"), "\(shown)")
        try eventually("another connection") { supervisor.connections.withLock { $0 } >= 4 }
        let said = directory.text("log") ?? ""
        #expect(said.components(separatedBy: problem).count == 2, "it is said once: \(said)")
        // It is no news each time that it breaks.
        let events = try orchctl("events", "--since", "1h").output
        #expect(events.components(separatedBy: "supervisor.lost").count <= 4, "\(events)")
        engine.signal(SIGTERM)
        #expect(try engine.wait() == 0)
    }
}
