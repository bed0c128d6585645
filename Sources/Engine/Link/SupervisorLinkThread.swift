import CLinux
import Foundation
import Glibc
import Logging
import Platform
import Scheduling
import SupervisorLink
import Synchronization

/// Keeps the connection to the supervisor, and turns what it says into inputs for the turn loop.
///
/// After a connection is made it stays closed for orders until the turn that took its inventory has been committed: were an order
/// of an earlier turn sent before those that the inventory calls for, the supervisor would refuse the latter, whose numbers are
/// lower.
final class SupervisorLinkThread: SupervisorPort {
    /// How the two stand, for those who ask.
    struct Standing: Sendable {
        /// The supervisor, where one is connected.
        var peer: SupervisorMessage.Welcome?
        /// What is wrong with the link; nil if nothing is.
        var trouble: String?

        /// Why nothing can be started; nil if there is a supervisor, and the link to it holds.
        var problem: String? { trouble ?? (peer == nil ? "the supervisor is not running" : nil) }
    }

    private struct State {
        var connection: SupervisorConnection?
        var generation: UInt64 = 0
        var peer: SupervisorMessage.Welcome?
        var trouble = LinkTrouble()
        var isStopped = false
    }

    private let path: String
    private let wakeup: Wakeup
    private let log: Logger
    private let state = Mutex(State())

    init(path: String, log: Logger) throws(SystemError) {
        self.path = path
        self.log = log
        wakeup = try Wakeup()
    }

    /// The supervisor at the other end, nil while there is none.
    var peer: SupervisorMessage.Welcome? { state.withLock { $0.peer } }

    var version: UInt32 { peer?.version ?? LinkProtocol.version }

    var standing: Standing { state.withLock { Standing(peer: $0.peer, trouble: $0.trouble.problem) } }

    /// - Parameters:
    ///   - inbox: takes what the supervisor says.
    func start(into inbox: Inbox, _ reports: EndEnricher) throws(SystemError) {
        try startThread("link") { self.run(inbox, reports) }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    func send(_ message: EngineMessage, descriptors: [Descriptor]) {
        state.withLock { $0.connection }?.send(message, descriptors: descriptors)
    }

    func open(_ generation: UInt64) {
        state.withLock { $0.generation == generation ? $0.connection : nil }?.open()
    }

    private func run(_ inbox: Inbox, _ reports: EndEnricher) {
        var delay = 20
        var hasComplained = false
        while !state.withLock({ $0.isStopped }) {
            do throws(SystemError) {
                let socket = try Descriptor(linux_unix_connect(path, Int32(SOCK_SEQPACKET.rawValue)), "connect to \(path)")
                hasComplained = false
                serve(SupervisorConnection(socket: socket, wakeup: wakeup), inbox, reports)
                delay = state.withLock { $0.trouble.delay }
            } catch {
                state.withLock { $0.trouble.forget() }
                if !hasComplained, delay > 500 {
                    log.warning("there is no supervisor: \(error)")
                    hasComplained = true
                }
                delay = min(delay * 2, 1000)
            }
            _ = waitFor([(wakeup.descriptor.number, POLLIN)], milliseconds: delay)
            wakeup.clear()
        }
    }

    private func serve(_ connection: SupervisorConnection, _ inbox: Inbox, _ reports: EndEnricher) {
        let (generation, isQuiet) = state.withLock { state in
            state.connection = connection
            state.generation += 1
            return (state.generation, state.trouble.isNamed)
        }
        connection.greet()
        var session = LinkSession(generation: generation, isQuiet: isQuiet, reports: reports)
        let reason = receive(on: connection, into: &session, inbox)
        let drop = LinkTrouble.Drop(reason: reason, program: session.peer?.program.executedAt)
        let (isStopped, problem) = state.withLock { state in
            state.connection = nil
            state.peer = nil
            return (state.isStopped, state.trouble.note(drop) ? state.trouble.problem : nil)
        }
        if !isStopped, let problem { log.error("\(problem)", metadata: ["MESSAGE_ID": "\(EventMessages.degradedID)"]) }
        if session.isConnected { inbox.push([.disconnected]) }
    }

    /// - Returns: once the connection has ended, why.
    private func receive(
        on connection: SupervisorConnection, into session: inout LinkSession, _ inbox: Inbox
    ) -> String {
        let trialEnd = Clock.monotonic + LinkTrouble.trial
        var buffer = [UInt8](repeating: 0, count: LinkProtocol.maximumPacket)
        var isReset = false
        // Only this thread changes it.
        var isOnTrial = state.withLock { $0.trouble.isOnTrial }
        while !state.withLock({ $0.isStopped }) {
            let backlog = connection.backlog
            let ready = waitFor(
                [
                    (connection.socket.number, POLLIN | (backlog == .full ? POLLOUT : 0)),
                    (wakeup.descriptor.number, POLLIN),
                ], milliseconds: patience(backlog, until: isOnTrial && session.isConnected ? trialEnd : nil))
            if ready[1] != 0 { wakeup.clear() }
            if ready[0] & POLLOUT != 0 || backlog == .short { connection.flush() }
            if isOnTrial, session.isConnected, Clock.monotonic >= trialEnd {
                isOnTrial = false
                connectionHolds(inbox)
            }
            guard ready[0] & ~POLLOUT != 0 else { continue }
            var packet = linux_packet()
            let result = linux_receive_packet(connection.socket.number, &buffer, buffer.count, false, &packet)
            if result == -EAGAIN || result == -EINTR { continue }
            // It closed with something of ours unread; what it said before is still there.
            if result == -ECONNRESET, !isReset {
                isReset = true
                continue
            }
            guard result >= 0, packet.count > 0 else { break }
            let descriptors = Self.take(&packet)
            do {
                guard !packet.bytes_cut else { throw LinkError.tooLong }
                let messages = try SupervisorMessage.decode(buffer[..<packet.count])
                let inputs = try session.take(messages, descriptors)
                if let peer = session.peer {
                    state.withLock { $0.peer = peer }
                    connection.speak(version: peer.version)
                }
                session.deliver(inputs, into: inbox)
            } catch {
                let reason = "invalid message from the supervisor (\(error))"
                if !isOnTrial { log.error("\(reason); connecting again") }
                return reason
            }
        }
        return session.closing.map { "the supervisor says that the engine \($0)" } ?? "the supervisor ended it"
    }

    /// Milliseconds after which something must be done although nothing happens; -1 for never.
    private func patience(_ backlog: Backlog, until trialEnd: Int64?) -> Int {
        let retry = backlog == .short ? 50 : -1
        guard let trialEnd else { return retry }
        let rest = Int(max(0, trialEnd - Clock.monotonic))
        return retry < 0 ? rest : min(retry, rest)
    }

    private func connectionHolds(_ inbox: Inbox) {
        let wasNamed = state.withLock { state in
            defer { state.trouble.forget() }
            return state.trouble.isNamed
        }
        guard wasNamed else { return }
        log.notice("the link to the supervisor works again")
        inbox.push([.connectionHolds])
    }

    private static func take(_ packet: inout linux_packet) -> [Descriptor] {
        withUnsafeBytes(of: &packet.descriptors) { bytes in
            bytes.bindMemory(to: Int32.self).prefix(packet.descriptor_count).compactMap { number in
                try? Descriptor(number, "receive a descriptor")
            }
        }
    }
}
