/// The link: how the engine and the supervisor talk, over one SOCK_SEQPACKET Unix socket.
///
/// A packet is a sequence of messages; a message is a kind (`UInt16`), the length of its body (`UInt32`) and the body, all
/// little-endian. Descriptors travel beside the packet (SCM_RIGHTS) and belong to the one message in it that says it has some.
/// A body too large for a packet travels in a sealed memfd: the message is then `inMemory`, its body empty, and the memfd, the
/// first descriptor, holds the real message.
///
/// A side that receives something that does not decode, or exceeds a limit, closes the connection: what a version adds is said
/// only where both speak it, so it can only be a fault. `docs/link.md` describes versions, and the order of messages.
public enum LinkProtocol {
    /// The version this code speaks, and the oldest it still understands: always the one before, so that either program may be
    /// the first to be upgraded.
    public static let version: UInt32 = 5
    public static let oldestVersion: UInt32 = 4

    /// The largest packet, in bytes. Below the default of net.core.wmem_default (212 992), which bounds a packet as a whole.
    public static let maximumPacket = 65_536
    /// The largest message, in a packet or in memory: more than Linux takes for argv and environment with an 8 MiB stack.
    public static let maximumMessage = 4 << 20
    /// The largest number of an attempt: the supervisor adds other things to it.
    public static let maximumAttempt: UInt64 = 1 << 56
    /// The most descriptors that one packet carries.
    public static let maximumDescriptors = 16
}

/// What is wrong with bytes that came over the link.
public enum LinkError: Error, Equatable, Sendable {
    /// The bytes end within a value.
    case truncated
    /// Bytes are left over after the last field of a message.
    case trailing
    case unknownKind(UInt16)
    /// A field has a value that it may not have.
    case invalid(String)
    case tooLong
}

/// The kind of the message whose body is in the memfd that comes first among the packet's descriptors.
private enum MemoryKind: UInt16 { case inMemory = 0xFFFF }

/// Whether a packet says no more than "read the first descriptor".
public func isInMemory(_ packet: ArraySlice<UInt8>) -> Bool {
    packet.elementsEqual(inMemoryPacket)
}

/// The packet that goes with a message in a memfd.
public let inMemoryPacket: [UInt8] = frame(MemoryKind.inMemory)

func frame<each Value: LinkWritable>(_ kind: some RawRepresentable<UInt16>, _ values: repeat each Value) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(kind.rawValue, UInt32(0))
    repeat (each values).write(to: &writer)
    let length = UInt32(writer.bytes.count - 6)
    for index in 0..<4 { writer.bytes[2 + index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
    return writer.bytes
}

func unframe<Message>(
    _ bytes: ArraySlice<UInt8>, _ read: (UInt16, inout ByteReader) throws(LinkError) -> Message
) throws(LinkError) -> [Message] {
    guard bytes.count <= LinkProtocol.maximumMessage else { throw .tooLong }
    var packet = ByteReader(bytes)
    var messages: [Message] = []
    while !packet.isAtEnd {
        let kind = try packet.read(UInt16.self)
        var body = ByteReader(try packet.slice(Int(try packet.read(UInt32.self))))
        messages.append(try read(kind, &body))
        try body.finish()
    }
    return messages
}
