import CLinux
import Foundation
import Glibc
import Logging
import Scheduling
import SupervisorLink
import Synchronization

/// Keeps the connection to the supervisor, and turns what it says into inputs for the turn loop.
///
/// After a connection is made it stays closed for orders until the turn that took its inventory has been committed: were an order
/// of an earlier turn sent before those that the inventory calls for, the supervisor would refuse the latter, whose numbers are
/// lower.
final class SupervisorLinkThread: SupervisorPort {
    struct Peer: Sendable, Equatable {
        var pid: Int32
        var cgroups: Bool
        var controllers: [String]?
        var program: SupervisorMessage.Welcome.Program
        /// Of the link.
        var version: UInt32
    }

    private struct State {
        var connection: SupervisorConnection?
        var generation: UInt64 = 0
        var peer: Peer?
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
    var peer: Peer? { state.withLock { $0.peer } }

    /// - Parameters:
    ///   - inbox: takes what the supervisor says.
    func start(into inbox: Inbox, _ reports: ReportReader) {
        let thread = Thread { self.run(inbox, reports) }
        thread.name = "link"
        thread.start()
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

    private func run(_ inbox: Inbox, _ reports: ReportReader) {
        var delay = 20
        var hasComplained = false
        while !state.withLock({ $0.isStopped }) {
            do throws(SystemError) {
                let socket = try Descriptor(linux_unix_connect(path, Int32(SOCK_SEQPACKET.rawValue)), "connect to \(path)")
                delay = 20
                hasComplained = false
                serve(SupervisorConnection(socket: socket, wakeup: wakeup), inbox, reports)
            } catch {
                if !hasComplained, delay > 500 {
                    log.warning("there is no supervisor: \(error)")
                    hasComplained = true
                }
            }
            _ = waitFor([(wakeup.descriptor.number, POLLIN)], milliseconds: delay)
            wakeup.clear()
            delay = min(delay * 2, 1000)
        }
    }

    private func serve(_ connection: SupervisorConnection, _ inbox: Inbox, _ reports: ReportReader) {
        let generation = state.withLock { state in
            state.connection = connection
            state.generation += 1
            return state.generation
        }
        connection.greet()
        var session = LinkSession(generation: generation, reports: reports)
        receive(on: connection, into: &session, inbox)
        state.withLock {
            $0.connection = nil
            $0.peer = nil
        }
        if session.isConnected { inbox.push([.disconnected]) }
    }

    /// Returns when the connection has ended.
    private func receive(on connection: SupervisorConnection, into session: inout LinkSession, _ inbox: Inbox) {
        var buffer = [UInt8](repeating: 0, count: LinkProtocol.maximumPacket)
        while !state.withLock({ $0.isStopped }) {
            let output = connection.hasBacklog ? POLLOUT : 0
            let ready = waitFor(
                [(connection.socket.number, POLLIN | output), (wakeup.descriptor.number, POLLIN)], milliseconds: -1)
            if ready[1] != 0 { wakeup.clear() }
            if ready[0] & POLLOUT != 0 { connection.flush() }
            guard ready[0] & ~POLLOUT != 0 else { continue }
            var packet = linux_packet()
            let result = linux_receive_packet(connection.socket.number, &buffer, buffer.count, false, &packet)
            if result == -EAGAIN || result == -EINTR { continue }
            guard result >= 0, packet.count > 0 else { return }
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
                log.error("the supervisor sent something that makes no sense (\(error)); connecting anew")
                return
            }
        }
    }

    private static func take(_ packet: inout linux_packet) -> [Descriptor] {
        withUnsafeBytes(of: &packet.descriptors) { bytes in
            bytes.bindMemory(to: Int32.self).prefix(packet.descriptor_count).compactMap { number in
                try? Descriptor(number, "receive a descriptor")
            }
        }
    }
}
