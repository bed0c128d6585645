@_exported import Text

/// Appends the values of the link's encoding to a buffer.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

    mutating func bytes(_ value: ByteString) {
        integer(UInt32(value.count))
        bytes.append(contentsOf: value.bytes)
    }

    mutating func string(_ value: String) {
        let utf8 = value.utf8
        integer(UInt32(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    mutating func list<T>(_ values: [T], _ write: (inout ByteWriter, T) -> Void) {
        assert(values.count <= LinkProtocol.maximumMessage, "a list of \(values.count) fits no message")
        integer(UInt32(values.count))
        for value in values { write(&self, value) }
    }
}

/// Takes the values of the link's encoding from bytes that may be anything.
struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    var isAtEnd: Bool { position == bytes.endIndex }
    private var remaining: Int { bytes.endIndex - position }

    mutating func slice(_ count: Int) throws(LinkError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .truncated }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(LinkError) -> T {
        var value: T = 0
        var shift = 0
        for byte in try slice(MemoryLayout<T>.size) {
            value |= T(truncatingIfNeeded: byte) << T(shift)
            shift += 8
        }
        return value
    }

    mutating func bool() throws(LinkError) -> Bool {
        switch try integer(UInt8.self) {
        case 0: false
        case 1: true
        default: throw .invalid("truth value")
        }
    }

    /// Without NUL: every string of the link ends as an argument of a system call.
    mutating func byteString() throws(LinkError) -> ByteString {
        let count = try integer(UInt32.self)
        let bytes = try slice(Int(count))
        guard !bytes.contains(0) else { throw .invalid("string with NUL") }
        return ByteString(bytes)
    }

    /// UTF-8 without NUL.
    mutating func string() throws(LinkError) -> String {
        let count = try integer(UInt32.self)
        let utf8 = try slice(Int(count))
        guard !utf8.contains(0) else { throw .invalid("string with NUL") }
        guard let string = String(validating: utf8, as: UTF8.self) else { throw .invalid("string") }
        return string
    }

    /// A list whose elements take at least one byte each, so that a false count cannot reserve memory.
    mutating func list<T>(_ read: (inout ByteReader) throws(LinkError) -> T) throws(LinkError) -> [T] {
        let count = Int(try integer(UInt32.self))
        guard count <= remaining else { throw .truncated }
        var values: [T] = []
        values.reserveCapacity(min(count, 4096))
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    mutating func skipRest() { position = bytes.endIndex }

    func finish() throws(LinkError) {
        guard isAtEnd else { throw .trailing }
    }
}
