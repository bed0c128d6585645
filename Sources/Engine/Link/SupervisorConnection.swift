import CLinux
import Glibc
import Platform
import SupervisorLink
import Synchronization

/// One connection to the supervisor: packets out from any thread, packets in on the link's thread.
///
/// The queue of what waits is bounded by what the scheduler hands over: run-ahead and slots.
final class SupervisorConnection: Sendable {
    private struct Packet {
        var bytes: [UInt8]
        var descriptors: [Descriptor]
    }

    private struct State {
        var queue = SendQueue<Packet>()
        /// Orders may go out only after the inventory has been taken into account. See ``SupervisorLinkThread``.
        var isOpen = false
        var isBroken = false
        var version = LinkProtocol.oldestVersion
    }

    let socket: Descriptor
    private let wakeup: Wakeup
    private let state = Mutex(State())

    init(socket: Descriptor, wakeup: Wakeup) {
        self.socket = socket
        self.wakeup = wakeup
    }

    /// The version that the supervisor has agreed to.
    func speak(version: UInt32) { state.withLock { $0.version = version } }

    func open() { state.withLock { $0.isOpen = true } }

    /// Messages before the gate is open are dropped: the inventory that is on its way decides what they were to. So is what an older
    /// supervisor would not understand, which would end the connection.
    func send(_ message: EngineMessage, descriptors: [Descriptor]) {
        let version = state.withLock { $0.version }
        guard version == LinkProtocol.version || message.since <= version else { return }
        send(message.encoded(), descriptors, force: false)
    }

    func greet() {
        let hello = EngineMessage.hello(version: LinkProtocol.version, oldest: LinkProtocol.oldestVersion)
        send(hello.encoded(), [], force: true)
    }

    private func send(_ bytes: [UInt8], _ descriptors: [Descriptor], force: Bool) {
        let isBlocked = state.withLock { state in
            guard !state.isBroken, state.isOpen || force else { return false }
            let waited = !state.queue.isEmpty
            if !state.queue.send(Packet(bytes: bytes, descriptors: descriptors), by: transmit) { breakOff(&state) }
            return !waited && !state.queue.isEmpty
        }
        if isBlocked { wakeup.signal() }
    }

    var backlog: Backlog { state.withLock { $0.queue.backlog } }

    /// Sends what has been waiting, as far as the socket takes it.
    func flush() { state.withLock { if !$0.queue.flush(by: transmit) { breakOff(&$0) } } }

    /// The reader notices.
    private func breakOff(_ state: inout State) {
        state.isBroken = true
        shutdown(socket.number, Int32(SHUT_RDWR))
    }

    private func transmit(_ packet: inout Packet) -> SendQueue<Packet>.Outcome {
        if packet.bytes.count > LinkProtocol.maximumPacket, !moveToMemory(&packet) { return .waits(.short) }
        let numbers = packet.descriptors.map(\.number)
        let result = packet.bytes.withUnsafeBytes { bytes in
            linux_send_packet(socket.number, bytes.baseAddress, bytes.count, numbers, numbers.count, false)
        }
        switch result {
        case 0...: return .sent
        case -EAGAIN: return .waits(.full)
        case -ENOBUFS, -ENOMEM, -ETOOMANYREFS: return .waits(.short)
        // A machine whose sockets take less than a packet.
        case -EMSGSIZE where !isInMemory(packet.bytes[...]): return moveToMemory(&packet) ? transmit(&packet) : .waits(.short)
        default: return .failed
        }
    }

    /// Puts the message of a packet into a memfd.
    ///
    /// - Returns: false while descriptors are short.
    private func moveToMemory(_ packet: inout Packet) -> Bool {
        let number = packet.bytes.withUnsafeBytes { linux_sealed_memfd("orchd-order", $0.baseAddress, $0.count) }
        guard let memory = try? Descriptor(number, "make a file in memory") else { return false }
        packet = Packet(bytes: inMemoryPacket, descriptors: [memory] + packet.descriptors)
        return true
    }
}

/// The way to the supervisor, as what carries out effects sees it.
package protocol SupervisorPort: Sendable {
    /// The version of the link that both speak; the newest one while nobody is there.
    var version: UInt32 { get }
    func send(_ message: EngineMessage, descriptors: [Descriptor])
    /// Lets orders pass on the connection whose inventory has been taken, unless there is another one by now.
    func open(_ connection: UInt64)
}

extension SupervisorPort {
    package var version: UInt32 { LinkProtocol.version }

    func send(_ message: EngineMessage) { send(message, descriptors: []) }
}
