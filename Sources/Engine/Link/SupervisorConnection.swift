import CLinux
import Glibc
import SupervisorLink
import Synchronization

/// One connection to the supervisor: packets out from any thread, packets in on the link's thread.
///
/// What cannot be sent at once is queued. The queue is bounded by what the scheduler hands over: run-ahead and slots.
final class SupervisorConnection: Sendable {
    private struct Packet {
        var bytes: [UInt8]
        var descriptors: [Descriptor]
    }

    private struct State {
        var queue: [Packet] = []
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
    /// supervisor would not understand.
    func send(_ message: EngineMessage, descriptors: [Descriptor]) {
        let version = state.withLock { $0.version }
        var message = message
        if version < LinkProtocol.hasFullOrders, case .launch(var order) = message {
            // Until it is upgraded; a queue that stands still meanwhile would be worse.
            order.controls = [:]
            message = .launch(order)
        }
        guard message.since <= version else { return }
        send(message.encoded(), descriptors, force: false)
    }

    func greet() {
        let hello = EngineMessage.hello(version: LinkProtocol.version, oldest: LinkProtocol.oldestVersion)
        send(hello.encoded(), [], force: true)
    }

    private func send(_ bytes: [UInt8], _ descriptors: [Descriptor], force: Bool) {
        var packet = Packet(bytes: bytes, descriptors: descriptors)
        if bytes.count > LinkProtocol.maximumPacket {
            let number = bytes.withUnsafeBytes { linux_sealed_memfd("orchd-order", $0.baseAddress, $0.count) }
            guard let memory = try? Descriptor(number, "make a file in memory") else { return fail() }
            packet = Packet(bytes: inMemoryPacket, descriptors: [memory] + descriptors)
        }
        let isBlocked = state.withLock { state in
            guard !state.isBroken, state.isOpen || force else { return false }
            if state.queue.isEmpty, transmit(packet) { return false }
            state.queue.append(packet)
            return true
        }
        if isBlocked { wakeup.signal() }
    }

    var hasBacklog: Bool { state.withLock { !$0.queue.isEmpty } }

    /// Sends what has been waiting, as far as the socket takes it.
    func flush() {
        state.withLock { state in
            var sent = 0
            while sent < state.queue.count, transmit(state.queue[sent]) { sent += 1 }
            state.queue.removeFirst(sent)
        }
    }

    /// Whether the packet is done with: sent, or impossible to send because the other side is gone, which the reader will notice.
    private func transmit(_ packet: Packet) -> Bool {
        let numbers = packet.descriptors.map(\.number)
        let result = packet.bytes.withUnsafeBytes { bytes in
            linux_send_packet(socket.number, bytes.baseAddress, bytes.count, numbers, numbers.count, false)
        }
        return result >= 0 || (result != -EAGAIN && result != -ENOBUFS)
    }

    /// Ends the connection, so that the reader sees its end.
    func fail() {
        state.withLock {
            $0.isBroken = true
            $0.queue = []
        }
        shutdown(socket.number, Int32(SHUT_RDWR))
    }
}
