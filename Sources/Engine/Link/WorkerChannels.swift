import CLinux
import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Synchronization

/// The engine's ends of the channels to warm workers.
///
/// What a worker has said stays in the socket until it is in the store: it is looked at (MSG_PEEK), becomes an input, and is taken
/// out when that has been committed. Between the two nothing more is read of this worker. The supervisor holds the same socket open,
/// so that an engine that comes later finds what none has committed.
package final class WorkerChannels: WorkerPort {
    private struct Channel {
        let descriptor: Descriptor
        var isListening = false
        /// What the socket has not taken yet.
        var outgoing: [UInt8] = []
        /// Bytes that have become an input which is not committed yet.
        var unread = 0
        /// It does not keep to the protocol, and nothing more is read of it.
        var isBroken = false
    }

    private struct State {
        var channels: [Int64: Channel] = [:]
        /// Those that must be looked at although nothing new has come.
        var woken: Set<Int64> = []
        var isStopped = false
    }

    private let epoll: Descriptor
    private let wakeup: Wakeup
    private let state = Mutex(State())

    package init() throws {
        epoll = try Descriptor(epoll_create1(Int32(EPOLL_CLOEXEC)), "make an epoll instance")
        wakeup = try Wakeup()
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        guard epoll_ctl(epoll.number, EPOLL_CTL_ADD, wakeup.descriptor.number, &event) == 0 else {
            throw SystemError("watch a descriptor (epoll)")
        }
    }

    func start(into inbox: Inbox, _ reports: EndEnricher) throws(SystemError) {
        try startThread("workers") { self.run(inbox, reports) }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    /// Takes charge of a channel, for sending. One that is here already is the same, held by another descriptor.
    func adopt(_ worker: Int64, _ descriptor: Descriptor) {
        state.withLock { state in
            if state.channels[worker] == nil { state.channels[worker] = Channel(descriptor: descriptor) }
        }
    }

    /// Begins to read one that has been adopted.
    func listen(to worker: Int64) {
        state.withLock { state in
            guard let channel = state.channels[worker], !channel.isListening else { return }
            assert(worker != 0, "0 is the wakeup")
            // Edge-triggered: what has been looked at and not been taken out must not wake the thread again and again.
            var event = epoll_event()
            event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLET.rawValue
            event.data.u64 = UInt64(worker)
            let result = epoll_ctl(epoll.number, EPOLL_CTL_ADD, channel.descriptor.number, &event)
            state.channels[worker]?.isListening = result == 0
        }
    }

    /// Lets go of a channel. It leaves the epoll instance first: the supervisor holds the same socket, which closing ours would not end.
    package func forget(_ worker: Int64) {
        state.withLock { state in
            guard let channel = state.channels.removeValue(forKey: worker) else { return }
            epoll_ctl(epoll.number, EPOLL_CTL_DEL, channel.descriptor.number, nil)
        }
    }

    // MARK: To the worker

    package func send(_ bytes: [UInt8], to worker: Int64) {
        state.withLock { state in
            guard let channel = state.channels[worker] else { return }
            let isBlocked = !channel.outgoing.isEmpty
            state.channels[worker]?.outgoing += bytes
            if !isBlocked { Self.flush(&state.channels[worker]) }
        }
    }

    private static func flush(_ channel: inout Channel?) {
        guard let number = channel?.descriptor.number, let outgoing = channel?.outgoing, !outgoing.isEmpty else { return }
        var sent = 0
        while sent < outgoing.count {
            let count = outgoing.withUnsafeBytes { bytes in
                Glibc.send(
                    number, bytes.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            // One whose other end is closed takes nothing more: its process is ending, or will be ended.
            guard count > 0 else {
                if count < 0, errno != EAGAIN { sent = outgoing.count }
                break
            }
            sent += count
        }
        channel?.outgoing.removeFirst(sent)
    }

    // MARK: From the worker

    package func received(_ bytes: Int, of worker: Int64) {
        guard bytes > 0 else { return }
        state.withLock { state in
            guard let channel = state.channels[worker] else { return }
            Self.take(bytes, from: channel.descriptor)
            state.channels[worker]?.unread = 0
            state.woken.insert(worker)
        }
        wakeup.signal()
    }

    /// All that a worker has said and nobody has heard, now that it has ended; what was not ended by a line feed is nothing. Nil
    /// without its channel.
    func lastLines(of worker: Int64) -> [ArraySlice<UInt8>]? {
        state.withLock { state in
            guard let channel = state.channels[worker] else { return nil }
            return channel.isBroken ? [] : Self.lastLines(in: channel.descriptor)
        }
    }

    static func lastLines(in channel: Descriptor) -> [ArraySlice<UInt8>] {
        // More than a socket holds.
        lines(in: peek(channel, count: 1 << 20)).lines
    }

    private func run(_ inbox: Inbox, _ reports: EndEnricher) {
        while !state.withLock({ $0.isStopped }) { step(waiting: -1, inbox, reports) }
    }

    /// Reads what workers have said since the last time.
    ///
    /// - Parameter waiting: for how many milliseconds at most until one says something; -1 forever.
    /// - Returns: whether there was something to look at.
    @discardableResult
    func step(waiting milliseconds: Int32, _ inbox: Inbox, _ reports: EndEnricher) -> Bool {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        let count = epoll_wait(epoll.number, &events, Int32(events.count), milliseconds)
        var workers: Set<Int64> = []
        for event in events.prefix(max(0, Int(count))) {
            if event.data.u64 == 0 { wakeup.clear() } else { workers.insert(Int64(event.data.u64)) }
        }
        state.withLock { state in
            for worker in workers { Self.flush(&state.channels[worker]) }
            workers.formUnion(state.woken)
            state.woken = []
        }
        // In the order of their numbers, so that a simulated life is the same each time.
        for worker in workers.sorted() { read(worker, inbox, reports) }
        return count > 0
    }

    private func read(_ worker: Int64, _ inbox: Inbox, _ reports: EndEnricher) {
        let bytes = state.withLock { state -> [UInt8] in
            guard let channel = state.channels[worker], channel.unread == 0, !channel.isBroken else { return [] }
            return Self.peek(channel.descriptor, count: WorkerProtocol.maximumMessage + 1)
        }
        guard !bytes.isEmpty else { return }
        let (lines, count) = Self.lines(in: bytes)
        var news = reports.news(lines, of: worker)
        if count == 0 {
            guard bytes.count > WorkerProtocol.maximumMessage else { return }
            news = [.fault("sent a message longer than \(WorkerProtocol.maximumMessage) bytes")]
        }
        let isBroken = news.contains { if case .fault = $0 { true } else { false } }
        state.withLock { state in
            guard let channel = state.channels[worker] else { return }
            state.channels[worker]?.isBroken = isBroken
            if news.isEmpty {
                Self.take(count, from: channel.descriptor)
                state.woken.insert(worker)
            } else {
                state.channels[worker]?.unread = count
            }
        }
        if news.isEmpty { wakeup.signal() } else { inbox.push([.worker(worker, news, bytes: count)]) }
    }

    /// The whole lines without their line feeds, and how many bytes they are with them.
    private static func lines(in bytes: [UInt8]) -> (lines: [ArraySlice<UInt8>], count: Int) {
        let count = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        return (bytes[..<count].split(separator: UInt8(ascii: "\n")), count)
    }

    private static func peek(_ channel: Descriptor, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
            size = max(
                0,
                recv(
                    channel.number, buffer.baseAddress, count,
                    Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)))
        }
    }

    private static func take(_ count: Int, from channel: Descriptor) {
        var buffer = [UInt8](repeating: 0, count: min(count, 65_536))
        var rest = count
        while rest > 0 {
            let taken = recv(channel.number, &buffer, min(rest, buffer.count), Int32(MSG_DONTWAIT))
            guard taken > 0 else { return }
            rest -= taken
        }
    }
}

/// Where what follows from a turn goes to warm workers: their channels, or in a simulation somebody who stands before them.
package protocol WorkerPort: Sendable {
    /// Sends as much as the socket takes at once; the rest follows.
    func send(_ bytes: [UInt8], to worker: Int64)
    /// What the worker said is in the store: these bytes have been of use.
    func received(_ bytes: Int, of worker: Int64)
    /// Lets go of the channel.
    func forget(_ worker: Int64)
}
