/// What the processes of an attempt are kept from by the kernel, whatever their user might do.
public struct Sandbox: LinkValue, Equatable, Sendable {
    /// Where alone they may write, beside their workspace: absolute paths. Nil for wherever their user may.
    public var writable: [String]?
    /// Whether they may make no sockets but local ones.
    public var noNetwork: Bool

    public init(writable: [String]? = nil, noNetwork: Bool = false) {
        self.writable = writable
        self.noNetwork = noNetwork
    }

    public var isNone: Bool { writable == nil && !noNetwork }

    /// Whether it keeps them at least from what the other one does.
    public func isWithin(_ other: Sandbox) -> Bool {
        guard noNetwork || !other.noNetwork else { return false }
        guard let limit = other.writable else { return true }
        return writable.map { $0.allSatisfy { path in limit.contains { $0.utf8.elementsEqual(path.utf8) } } } ?? false
    }

    private static let noNetworkFlag: UInt8 = 1
    private static let writesFlag: UInt8 = 2

    package func write(to writer: inout ByteWriter) {
        writer.write((noNetwork ? Self.noNetworkFlag : 0) | (writable == nil ? 0 : Self.writesFlag), writable ?? [])
    }

    package init(from reader: inout ByteReader) throws(LinkError) {
        let flags = try reader.read(UInt8.self)
        let paths = try reader.read([String].self)
        guard flags <= Self.noNetworkFlag | Self.writesFlag, flags & Self.writesFlag != 0 || paths.isEmpty else {
            throw .invalid("sandbox")
        }
        self.init(writable: flags & Self.writesFlag == 0 ? nil : paths, noNetwork: flags & Self.noNetworkFlag != 0)
        try validate()
    }

    func validate() throws(LinkError) {
        let paths = writable ?? []
        guard paths.count <= 64, paths.allSatisfy({ $0.utf8.first == UInt8(ascii: "/") }) else { throw .invalid("sandbox") }
    }
}
