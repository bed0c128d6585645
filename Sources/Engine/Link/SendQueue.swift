/// Why messages wait to be sent.
package enum Backlog: Sendable {
    case none
    /// The socket says when there is room.
    case full
    /// The kernel is short of something, and nothing says when it no longer is.
    case short
}

/// Messages for a socket. What the socket does not take at once waits, and is sent in order.
package struct SendQueue<Packet> {
    package enum Outcome {
        case sent
        case waits(Backlog)
        /// Nothing more can be sent.
        case failed
    }

    private var packets: [Packet] = []
    package private(set) var backlog = Backlog.none

    package init() {}

    package var isEmpty: Bool { packets.isEmpty }

    /// Sends a packet, after what waits already.
    ///
    /// - Returns: false where nothing more can be sent.
    package mutating func send(_ packet: Packet, by transmit: (inout Packet) -> Outcome) -> Bool {
        packets.append(packet)
        return packets.count > 1 || flush(by: transmit)
    }

    /// Sends what has been waiting, as far as the socket takes it.
    ///
    /// - Returns: false where nothing more can be sent: what waited is forgotten.
    package mutating func flush(by transmit: (inout Packet) -> Outcome) -> Bool {
        var sent = 0
        backlog = .none
        defer {
            assert(sent <= packets.count, "no more is sent than there is")
            packets.removeFirst(sent)
        }
        while sent < packets.count {
            switch transmit(&packets[sent]) {
            case .sent: sent += 1
            case .waits(let why):
                backlog = why
                return true
            case .failed:
                sent = packets.count
                return false
            }
        }
        return true
    }
}
