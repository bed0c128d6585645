import Engine
import Platform
import SupervisorLink

/// One connection of engine and supervisor: what is on its way in both directions, as bytes and in its order.
struct SimulatedLink {
    struct Packet {
        var bytes: [UInt8]
        var descriptors: [Descriptor] = []
    }

    let generation: UInt64
    /// Of the engine that made it.
    let life: Int
    /// The inventory has been taken into account.
    var isOpen = false
    /// Neither side can send any more.
    var isBroken = false
    let room: Int
    /// What the engine has said and the socket has not taken yet.
    private(set) var unsent = SendQueue<Packet>()
    var toSupervisor: [Packet] = []
    var toEngine: [Packet] = []
    /// When the last packet of each direction arrives.
    var lastToSupervisor: Int64 = 0
    var lastToEngine: Int64 = 0

    init(generation: UInt64, life: Int, room: Int) {
        self.generation = generation
        self.life = life
        self.room = room
    }

    var isEmpty: Bool { toSupervisor.isEmpty && toEngine.isEmpty && unsent.isEmpty }
    var roomToEngine: Int { isBroken ? .max : room - toEngine.count }

    /// - Returns: how many packets go off.
    mutating func send(_ packet: Packet) -> Int {
        transmit { queue, takes in queue.send(packet, by: takes) }
    }

    /// There may be room again.
    mutating func flush() -> Int { transmit { queue, takes in queue.flush(by: takes) } }

    /// The engine's memory is gone, or its end of the socket.
    mutating func forgetUnsent() { unsent = SendQueue() }

    private mutating func transmit(
        _ send: (inout SendQueue<Packet>, (inout Packet) -> SendQueue<Packet>.Outcome) -> Bool
    ) -> Int {
        var taken: [Packet] = []
        let free = room - toSupervisor.count
        _ = send(&unsent) { packet in
            guard taken.count < free else { return .waits(.full) }
            taken.append(packet)
            return .sent
        }
        toSupervisor += taken
        return taken.count
    }
}
