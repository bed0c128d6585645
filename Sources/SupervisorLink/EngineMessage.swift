/// What the engine says to the supervisor.
public enum EngineMessage: Equatable, Sendable {
    /// First on every connection: the newest and the oldest version that the engine speaks. The supervisor answers with
    /// `welcome` and its inventory, or closes.
    case hello(version: UInt32, oldest: UInt32)
    /// How many attempts of the pool may run at once. Without it a pool has no slot.
    case slots(pool: String, count: UInt32)
    /// Start this as soon as its pool has a free slot, after those that came before it. Carries descriptors.
    case launch(LaunchOrder)
    /// Do not start this any more, if it has not been started: answered with `revoked`.
    case revoke(attempt: UInt64)
    /// End it: SIGTERM to all its processes now, SIGKILL after the grace, which is in milliseconds. Zero kills at once.
    case stop(attempt: UInt64, grace: UInt32)
    /// Stop all its processes where they are, or let them continue. Said again, it changes nothing.
    case freeze(attempt: UInt64, isFrozen: Bool)
    /// These ends are in the engine's database; the supervisor may forget them.
    case acknowledge(attempts: [UInt64])
    /// Remove the workspace that an attempt of this name left behind.
    case discard(pool: String, name: String)
    /// Remove the workspaces of this pool that belong to tasks below a number, or to workers: those of forgotten tasks,
    /// whose `discard` was lost with a connection.
    case sweep(pool: String, tasksBelow: UInt64, workersBelow: UInt64)
    /// The most milliseconds that reports may wait for others while their pool has attempts to start next. 0 to 100.
    case gather(milliseconds: UInt32)

    /// How many attempts one `acknowledge` names at most, so that it fits a packet.
    public static let attemptsPerMessage = 4_096

    private enum Kind: UInt16 {
        case hello = 1, slots, launch, revoke, stop, acknowledge, discard, gather, launchWorker, sweep, launchFull, freeze,
            launchEquipped

        init(_ form: LaunchOrder.Form) {
            switch form {
            case .plain: self = .launch
            case .worker: self = .launchWorker
            case .full: self = .launchFull
            case .equipped: self = .launchEquipped
            }
        }
    }

    /// From which version of the link on it can be said.
    public var since: UInt32 {
        if case .launch(let order) = self { order.since } else { LinkProtocol.oldestVersion }
    }

    /// The message as it stands in a packet or in a memfd.
    public func encoded() -> [UInt8] {
        switch self {
        case .hello(let version, let oldest): frame(Kind.hello, version, oldest)
        case .slots(let pool, let count): frame(Kind.slots, pool, count)
        case .launch(let order): frame(Kind(order.form), order)
        case .revoke(let attempt): frame(Kind.revoke, attempt)
        case .stop(let attempt, let grace): frame(Kind.stop, attempt, grace)
        case .freeze(let attempt, let isFrozen): frame(Kind.freeze, attempt, isFrozen)
        case .acknowledge(let attempts): frame(Kind.acknowledge, attempts)
        case .discard(let pool, let name): frame(Kind.discard, pool, name)
        case .sweep(let pool, let tasks, let workers): frame(Kind.sweep, pool, tasks, workers)
        case .gather(let milliseconds): frame(Kind.gather, milliseconds)
        }
    }

    /// The messages of a packet, or the one in a memfd.
    public static func decode(_ bytes: ArraySlice<UInt8>) throws(LinkError) -> [EngineMessage] {
        try unframe(bytes) { (kind, reader) throws(LinkError) in
            switch Kind(rawValue: kind) {
            case .hello:
                let hello = EngineMessage.hello(version: try reader.read(), oldest: try reader.read())
                // The one message that is said before both know which version they speak.
                reader.skipRest()
                return hello
            case .slots: return .slots(pool: try poolName(&reader), count: try reader.read())
            case .launch: return .launch(try LaunchOrder(from: &reader, as: .plain))
            case .launchWorker: return .launch(try LaunchOrder(from: &reader, as: .worker))
            case .launchFull: return .launch(try LaunchOrder(from: &reader, as: .full))
            case .launchEquipped: return .launch(try LaunchOrder(from: &reader, as: .equipped))
            case .revoke: return .revoke(attempt: try reader.read())
            case .stop: return .stop(attempt: try reader.read(), grace: try reader.read())
            case .freeze: return .freeze(attempt: try reader.read(), isFrozen: try reader.read())
            case .acknowledge: return .acknowledge(attempts: try reader.read())
            case .discard:
                let pool = try poolName(&reader)
                let name = try reader.read(String.self)
                guard isAttemptName(name) else { throw .invalid("name") }
                return .discard(pool: pool, name: name)
            case .sweep:
                let pool = try poolName(&reader)
                return .sweep(pool: pool, tasksBelow: try reader.read(), workersBelow: try reader.read())
            case .gather:
                let milliseconds = try reader.read(UInt32.self)
                guard milliseconds <= 100 else { throw .invalid("gather") }
                return .gather(milliseconds: milliseconds)
            case nil: throw .unknownKind(kind)
            }
        }
    }
}

private func poolName(_ reader: inout ByteReader) throws(LinkError) -> String {
    let name = try reader.read(String.self)
    guard isPoolName(name) else { throw .invalid("pool") }
    return name
}
