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
    /// Since version 5: the listener of an attempt's door comes along. After the `started` of the attempt, on every connection until its
    /// end.
    case door(attempt: UInt64)
    /// Since version 5, the last thing that is said on a connection: why the supervisor ends it.
    case closing(reason: String)

    public struct Welcome: LinkValue, Equatable, Sendable {
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
        /// How the processes of attempts can be told from others, since version 5.
        public var mark: ProcessMark?

        public struct Program: LinkValue, Equatable, Sendable {
            public var release: String
            public var executedAt: Int64

            public init(release: String, executedAt: Int64) {
                self.release = release
                self.executedAt = executedAt
            }

            package func write(to writer: inout ByteWriter) { writer.write(release, executedAt) }

            package init(from reader: inout ByteReader) throws(LinkError) {
                release = try reader.read()
                executedAt = try reader.read()
            }
        }

        public init(
            version: UInt32, store: UInt64, heardUpTo: UInt64, pid: Int32, cgroups: Bool,
            controllers: [String] = [], program: Program, mark: ProcessMark? = nil
        ) {
            self.version = version
            self.store = store
            self.heardUpTo = heardUpTo
            self.pid = pid
            self.cgroups = cgroups
            self.controllers = controllers
            self.program = program
            self.mark = mark
        }

        package func write(to writer: inout ByteWriter) {
            writer.write(version, store, heardUpTo, pid, cgroups, program, controllers)
            if version >= Self.marksSince { writer.write(mark) }
        }

        package init(from reader: inout ByteReader) throws(LinkError) {
            self.init(
                version: try reader.read(), store: try reader.read(), heardUpTo: try reader.read(), pid: try reader.read(),
                cgroups: try reader.read(), program: try reader.read())
            controllers = try reader.read()
            if version >= Self.marksSince { mark = try reader.read() }
        }

        private static let marksSince: UInt32 = 5
    }

    private enum Kind: UInt16 {
        case welcome = 101, waiting, started, ended, inventoryEnd, revoked, result, channel, resultFiles, measured, closing,
            door
    }

    /// From which version of the link on it can be said.
    public var since: UInt32 {
        switch self {
        case .closing, .door: 5
        default: LinkProtocol.oldestVersion
        }
    }

    /// How many reports of the largest kind fit a packet with room to spare.
    public static let reportsPerMessage = 400

    public func encoded() -> [UInt8] {
        switch self {
        case .welcome(let welcome): frame(Kind.welcome, welcome)
        case .waiting(let attempts): frame(Kind.waiting, attempts)
        case .started(let reports): frame(Kind.started, reports)
        case .ended(let reports): frame(Kind.ended, reports)
        case .inventoryEnd: frame(Kind.inventoryEnd)
        case .revoked(let attempt, let accepted): frame(Kind.revoked, attempt, accepted)
        case .result(let attempt): frame(Kind.result, attempt)
        case .channel(let attempt): frame(Kind.channel, attempt)
        case .resultFiles(let files): frame(Kind.resultFiles, files)
        case .measured(let reports): frame(Kind.measured, reports)
        case .closing(let reason): frame(Kind.closing, reason)
        case .door(let attempt): frame(Kind.door, attempt)
        }
    }

    public static func decode(_ bytes: ArraySlice<UInt8>) throws(LinkError) -> [SupervisorMessage] {
        try unframe(bytes) { (kind, reader) throws(LinkError) in
            switch Kind(rawValue: kind) {
            case .welcome: return .welcome(try reader.read())
            case .waiting: return .waiting(attempts: try reader.read())
            case .started: return .started(try reader.read())
            case .ended: return .ended(try reader.read())
            case .inventoryEnd: return .inventoryEnd
            case .revoked: return .revoked(attempt: try reader.read(), accepted: try reader.read())
            case .result: return .result(attempt: try reader.read())
            case .channel: return .channel(attempt: try reader.read())
            case .resultFiles: return .resultFiles(try reader.read())
            case .measured: return .measured(try reader.read())
            case .closing: return .closing(reason: try reader.read())
            case .door: return .door(attempt: try reader.read())
            case nil: throw .unknownKind(kind)
            }
        }
    }
}
