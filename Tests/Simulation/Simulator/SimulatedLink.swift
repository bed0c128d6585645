import Engine
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
    var toSupervisor: [Packet] = []
    var toEngine: [Packet] = []
    /// When the last packet of each direction arrives.
    var lastToSupervisor: Int64 = 0
    var lastToEngine: Int64 = 0

    var isEmpty: Bool { toSupervisor.isEmpty && toEngine.isEmpty }
}
