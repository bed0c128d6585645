/// What the supervisor says to the engine.
///
/// After `hello` it sends `welcome`, then its inventory (`waiting`, `started`, `ended`, each as often as needed), then
/// `inventoryEnd`. From then on it reports what happens.
public enum SupervisorMessage: Equatable, Sendable {
    case welcome(Welcome)
    /// Orders that have not been started yet.
    case waiting(attempts: [UInt64])
    case started([StartReport])
    /// Sent again on every connection until it is acknowledged.
    case ended([EndReport])
    case inventoryEnd
    /// The answer to `revoke`: accepted if it had not been started, and then it never will be.
    case revoked(attempt: UInt64, accepted: Bool)
    /// An attempt that is about to be reported as ended has left a result file, whose descriptor comes along.
    case result(attempt: UInt64)
    /// The engine's end of the channel to a warm worker comes along. After the `started` of the attempt, if there is one, and
    /// before its `ended`.
    case channel(attempt: UInt64)
    /// An attempt that is about to be reported as ended has left files in its result directory. Some of their
    /// descriptors come along; there may be several such messages of an attempt, of which only the last tells what was not handed over.
    case resultFiles(ResultFiles)
    /// What attempts have used that are about to be reported as ended.
    case measured([MeasureReport])
    /// Since version 5, the last thing that is said on a connection: why the supervisor ends it.
    case closing(reason: String)

    public struct Welcome: Equatable, Sendable {
        /// The version that both will speak.
        public var version: UInt32
        /// Names the store of exit records. Another one than before means that the old one is gone, and with it the knowledge of
        /// what was running: the machine was booted, or /run was cleared.
        public var store: UInt64
        /// No order above this number has ever been heard of in this store.
        public var heardUpTo: UInt64
        public var pid: Int32
        /// Whether each attempt gets a cgroup of its own.
        public var cgroups: Bool
        /// The controllers of those cgroups, like `memory`.
        public var controllers: [String]
        /// The release that the supervisor is, and when it was executed, in milliseconds since 1970.
        public var program: Program

        public struct Program: Equatable, Sendable {
            public var release: String
            public var executedAt: Int64

            public init(release: String, executedAt: Int64) {
                self.release = release
                self.executedAt = executedAt
            }
        }

        public init(
            version: UInt32, store: UInt64, heardUpTo: UInt64, pid: Int32, cgroups: Bool,
            controllers: [String] = [], program: Program
        ) {
            self.version = version
            self.store = store
            self.heardUpTo = heardUpTo
            self.pid = pid
            self.cgroups = cgroups
            self.controllers = controllers
            self.program = program
        }
    }

    private enum Kind: UInt16 {
        case welcome = 101, waiting, started, ended, inventoryEnd, revoked, result, channel, resultFiles, measured, closing
    }

    private var kind: Kind {
        switch self {
        case .welcome: .welcome
        case .waiting: .waiting
        case .started: .started
        case .ended: .ended
        case .inventoryEnd: .inventoryEnd
        case .revoked: .revoked
        case .result: .result
        case .channel: .channel
        case .resultFiles: .resultFiles
        case .measured: .measured
        case .closing: .closing
        }
    }

    /// From which version of the link on it can be said.
    public var since: UInt32 { kind == .closing ? 5 : LinkProtocol.oldestVersion }

    /// How many reports of the largest kind fit a packet with room to spare.
    public static let reportsPerMessage = 400

    public func encoded() -> [UInt8] {
        frame(kind.rawValue) { writer in
            switch self {
            case .welcome(let it):
                writer.integer(it.version)
                writer.integer(it.store)
                writer.integer(it.heardUpTo)
                writer.integer(it.pid)
                writer.bool(it.cgroups)
                writer.string(it.program.release)
                writer.integer(it.program.executedAt)
                writer.list(it.controllers) { $0.string($1) }
            case .waiting(let attempts): writer.list(attempts) { $0.integer($1) }
            case .started(let reports): writer.list(reports) { $1.write(to: &$0) }
            case .ended(let reports): writer.list(reports) { $1.write(to: &$0) }
            case .inventoryEnd: break
            case .revoked(let attempt, let accepted):
                writer.integer(attempt)
                writer.bool(accepted)
            case .result(let attempt), .channel(let attempt): writer.integer(attempt)
            case .resultFiles(let files): files.write(to: &writer)
            case .measured(let reports): writer.list(reports) { $1.write(to: &$0) }
            case .closing(let reason): writer.string(reason)
            }
        }
    }

    public static func decode(_ bytes: ArraySlice<UInt8>) throws(LinkError) -> [SupervisorMessage] {
        try unframe(bytes) { (kind, reader) throws(LinkError) in
            switch Kind(rawValue: kind) {
            case .welcome:
                var welcome = Welcome(
                    version: try reader.integer(), store: try reader.integer(), heardUpTo: try reader.integer(),
                    pid: try reader.integer(), cgroups: try reader.bool(),
                    program: .init(release: try reader.string(), executedAt: try reader.integer()))
                welcome.controllers = try reader.list { (r: inout ByteReader) throws(LinkError) in try r.string() }
                return .welcome(welcome)
            case .waiting:
                return .waiting(attempts: try reader.list { (r: inout ByteReader) throws(LinkError) in try r.integer() })
            case .started:
                return .started(
                    try reader.list { (r: inout ByteReader) throws(LinkError) in try StartReport(from: &r) })
            case .ended:
                return .ended(try reader.list { (r: inout ByteReader) throws(LinkError) in try EndReport(from: &r) })
            case .inventoryEnd: return .inventoryEnd
            case .revoked: return .revoked(attempt: try reader.integer(), accepted: try reader.bool())
            case .result: return .result(attempt: try reader.integer())
            case .channel: return .channel(attempt: try reader.integer())
            case .resultFiles: return .resultFiles(try ResultFiles(from: &reader))
            case .measured:
                return .measured(
                    try reader.list { (r: inout ByteReader) throws(LinkError) in try MeasureReport(from: &r) })
            case .closing: return .closing(reason: try reader.string())
            case nil: throw .unknownKind(kind)
            }
        }
    }
}
