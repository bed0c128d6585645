/// Files that an attempt has left in its result directory: some of those that are handed over, and what is not.
public struct ResultFiles: LinkValue, Equatable, Sendable {
    /// The most files of an attempt.
    public static let maximum = 64

    public var attempt: UInt64
    /// Of the descriptors that come along, in their order.
    public var names: [String]
    /// What stays in the workspace. Once, with the last of the files.
    public var left: [Left]

    public init(attempt: UInt64, names: [String] = [], left: [Left] = []) {
        self.attempt = attempt
        self.names = names
        self.left = left
    }

    /// Why something is not handed over.
    public enum Reason: UInt8, LinkValue, Sendable, CaseIterable {
        case directory = 1
        /// A link, a FIFO, a socket, a device.
        case special
        /// Its name is not allowed for a result file.
        case name
        /// It is another user's.
        case owner
        /// It could not be opened.
        case unreadable
        /// There were enough before it.
        case tooMany
    }

    /// What is not handed over for the same reason.
    public struct Left: LinkValue, Equatable, Sendable {
        /// The most names that are given.
        public static let examples = 8

        public var reason: Reason
        public var count: UInt32
        /// The first few, as they can be shown.
        public var names: [String]

        public init(_ reason: Reason, count: UInt32, names: [String]) {
            self.reason = reason
            self.count = count
            self.names = names
        }

        package func write(to writer: inout ByteWriter) { writer.write(reason, count, names) }

        package init(from reader: inout ByteReader) throws(LinkError) {
            reason = try reader.read()
            count = try reader.read()
            names = try reader.read()
        }
    }

    package func write(to writer: inout ByteWriter) { writer.write(attempt, names, left) }

    package init(from reader: inout ByteReader) throws(LinkError) {
        attempt = try reader.read()
        names = try reader.read()
        guard names.count <= LinkProtocol.maximumDescriptors, names.allSatisfy(isResultFileName) else {
            throw .invalid("names of files")
        }
        left = try reader.read()
        guard left.count <= Reason.allCases.count, left.allSatisfy({ $0.names.count <= Left.examples }) else {
            throw .invalid("what was left")
        }
    }
}

/// Whether a string is a name for a result file: what people can read and pass on, and nothing that leads elsewhere. It becomes part of
/// paths.
public func isResultFileName(_ name: String) -> Bool {
    (1...255).contains(name.utf8.count) && name != "." && name != ".." && name != WorkspacePaths.leftName
        && !name.unicodeScalars.contains { $0 == "/" || $0.properties.generalCategory == .control }
}
