/// FNV-1a of 64 bits (G. Fowler, L. C. Noll, P. Vo): the same number for the same bytes in every run, unlike `Hasher`.
public struct StableHash: Sendable {
    @usableFromInline var state: UInt64 = 0xCBF2_9CE4_8422_2325

    public init() {}

    @inlinable public mutating func add(bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    /// Adds one of several texts: no two lists of texts look alike.
    public mutating func add(_ text: String) {
        add(bytes: text.utf8)
        // No byte of UTF-8.
        add(bytes: CollectionOfOne(0xFF))
    }

    public var value: Int64 { Int64(bitPattern: state) }

    public static func value(of bytes: some Sequence<UInt8>) -> Int64 {
        var hash = Self()
        hash.add(bytes: bytes)
        return hash.value
    }
}
