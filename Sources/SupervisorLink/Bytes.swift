@_exported import Text

/// What the link can carry.
package protocol LinkWritable {
    func write(to writer: inout ByteWriter)
}

/// The same where it can be read without knowing more. What does not decode throws a ``LinkError``.
package protocol LinkValue: LinkWritable {
    init(from reader: inout ByteReader) throws(LinkError)
}

/// Appends values to a buffer.
package struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func write<each Value: LinkWritable>(_ values: repeat each Value) { repeat (each values).write(to: &self) }

    fileprivate mutating func block(_ utf8: some Collection<UInt8>) {
        write(UInt32(utf8.count))
        bytes.append(contentsOf: utf8)
    }
}

/// Takes values from bytes that may be anything.
package struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var isAtEnd: Bool { position == bytes.endIndex }
    fileprivate var remaining: Int { bytes.endIndex - position }

    mutating func read<Value: LinkValue>(_ type: Value.Type = Value.self) throws(LinkError) -> Value {
        try Value(from: &self)
    }

    mutating func slice(_ count: Int) throws(LinkError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .truncated }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// Without NUL: every string of the link ends as an argument of a system call.
    fileprivate mutating func block() throws(LinkError) -> ArraySlice<UInt8> {
        let bytes = try slice(Int(try read(UInt32.self)))
        guard !bytes.contains(0) else { throw .invalid("string with NUL") }
        return bytes
    }

    mutating func skipRest() { position = bytes.endIndex }

    func finish() throws(LinkError) {
        guard isAtEnd else { throw .trailing }
    }
}

extension LinkValue where Self: FixedWidthInteger {
    package func write(to writer: inout ByteWriter) {
        withUnsafeBytes(of: littleEndian) { writer.bytes.append(contentsOf: $0) }
    }

    package init(from reader: inout ByteReader) throws(LinkError) {
        self = 0
        var shift = 0
        for byte in try reader.slice(MemoryLayout<Self>.size) {
            self |= Self(truncatingIfNeeded: byte) << Self(shift)
            shift += 8
        }
    }
}

extension UInt8: LinkValue {}
extension UInt16: LinkValue {}
extension UInt32: LinkValue {}
extension UInt64: LinkValue {}
extension Int32: LinkValue {}
extension Int64: LinkValue {}

extension LinkValue where Self: RawRepresentable, RawValue: LinkValue {
    package func write(to writer: inout ByteWriter) { rawValue.write(to: &writer) }

    package init(from reader: inout ByteReader) throws(LinkError) {
        guard let value = Self(rawValue: try reader.read()) else { throw .invalid("\(Self.self)") }
        self = value
    }
}

extension Bool: LinkValue {
    package func write(to writer: inout ByteWriter) { writer.write(self ? 1 : 0 as UInt8) }

    package init(from reader: inout ByteReader) throws(LinkError) {
        switch try reader.read(UInt8.self) {
        case 0: self = false
        case 1: self = true
        default: throw .invalid("truth value")
        }
    }
}

extension ByteString: LinkValue {
    package func write(to writer: inout ByteWriter) { writer.block(bytes) }
    package init(from reader: inout ByteReader) throws(LinkError) { self.init(try reader.block()) }
}

extension String: LinkValue {
    package func write(to writer: inout ByteWriter) { writer.block(utf8) }

    package init(from reader: inout ByteReader) throws(LinkError) {
        guard let string = String(validating: try reader.block(), as: UTF8.self) else { throw .invalid("string") }
        self = string
    }
}

extension Array: LinkWritable, LinkValue where Element: LinkValue {
    package func write(to writer: inout ByteWriter) {
        assert(count <= LinkProtocol.maximumMessage, "a list of \(count) fits no message")
        writer.write(UInt32(count))
        for element in self { element.write(to: &writer) }
    }

    /// Its elements take at least one byte each, so that a false count cannot reserve memory.
    package init(from reader: inout ByteReader) throws(LinkError) {
        let count = Int(try reader.read(UInt32.self))
        guard count <= reader.remaining else { throw .truncated }
        self = []
        reserveCapacity(Swift.min(count, 4096))
        for _ in 0..<count { append(try reader.read()) }
    }
}

/// In the bytes, a list with one element at most.
extension Optional: LinkWritable, LinkValue where Wrapped: LinkValue {
    package func write(to writer: inout ByteWriter) { writer.write(map { [$0] } ?? []) }

    package init(from reader: inout ByteReader) throws(LinkError) {
        let list = try reader.read([Wrapped].self)
        guard list.count <= 1 else { throw .invalid("list of \(list.count)") }
        self = list.first
    }
}
