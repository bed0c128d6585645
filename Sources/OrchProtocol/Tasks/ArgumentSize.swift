import Text

/// How much room Linux has for the arguments and the environment of a program, and how much of it is taken.
///
/// Of what is more, no process can be made; and the longest message between the engine and the supervisor, which has the same strings
/// with less beside each, has room for twice as much.
public struct ArgumentSize: Sendable, Equatable {
    /// Bytes of the longest argument, or `NAME=value`: MAX_ARG_STRLEN, with its NUL, is 32 pages.
    public static let longest = 131_071
    /// Bytes in all: a quarter of the usual stack of 8 MiB. 64 KiB of it are left to what the supervisor adds.
    public static let most = (2 << 20) - (64 << 10)
    /// What a string costs beside its bytes: the NUL, and the pointer to it.
    private static let perString = 9

    public private(set) var bytes = 0

    public init() {}

    /// - Parameter bytes: of an argument, or of `NAME=value`.
    public mutating func add(stringOf bytes: Int) { self.bytes += bytes + Self.perString }

    public mutating func add(_ other: ArgumentSize) { bytes += other.bytes }

    public mutating func add(arguments: [ByteString]) {
        for argument in arguments { add(stringOf: argument.count) }
    }

    public mutating func add(environment: [ByteString: ByteString]) {
        for (name, value) in environment { add(stringOf: name.count + 1 + value.count) }
    }

    public var isTooMuch: Bool { bytes > Self.most }

    // MARK: In words

    /// - Parameter what: takes so much, as in "the arguments take".
    public static func complaint(_ what: String, _ size: ArgumentSize) -> String {
        "\(what) \(size.bytes) bytes, and Linux takes at most \(most) for all arguments and variables of a program"
    }
}
