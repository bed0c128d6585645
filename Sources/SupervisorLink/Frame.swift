/// The kind of the message whose body is in the memfd that comes first among the packet's descriptors.
let inMemoryKind: UInt16 = 0xFFFF

/// Whether a packet says no more than "read the first descriptor".
public func isInMemory(_ packet: ArraySlice<UInt8>) -> Bool {
    packet.elementsEqual(inMemoryPacket)
}

/// The packet that goes with a message in a memfd.
public let inMemoryPacket: [UInt8] = frame(inMemoryKind) { _ in }

func frame(_ kind: UInt16, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    writer.integer(kind)
    writer.integer(UInt32(0))
    body(&writer)
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
        let kind = try packet.integer(UInt16.self)
        var body = ByteReader(try packet.slice(Int(try packet.integer(UInt32.self))))
        messages.append(try read(kind, &body))
        try body.finish()
    }
    return messages
}
