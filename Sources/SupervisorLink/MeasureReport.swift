/// What an attempt has used beside processor and memory, by the cgroup that it had: see `io.stat` and the `.pressure` files in the kernel's
/// cgroup-v2 documentation. It is told with an end where it is known, and is not kept beyond the supervisor.
public struct MeasureReport: Equatable, Sendable {
    public var attempt: UInt64
    /// Bytes that went from disks and to them.
    public var bytesRead: Int64
    public var bytesWritten: Int64
    /// Microseconds that some process of it waited for a processor, for memory, for a disk.
    public var stalledForProcessor: Int64
    public var stalledForMemory: Int64
    public var stalledForDisk: Int64

    public init(
        attempt: UInt64, bytesRead: Int64, bytesWritten: Int64, stalledForProcessor: Int64, stalledForMemory: Int64,
        stalledForDisk: Int64
    ) {
        self.attempt = attempt
        self.bytesRead = bytesRead
        self.bytesWritten = bytesWritten
        self.stalledForProcessor = stalledForProcessor
        self.stalledForMemory = stalledForMemory
        self.stalledForDisk = stalledForDisk
    }

    func write(to writer: inout ByteWriter) {
        writer.integer(attempt)
        for value in [bytesRead, bytesWritten, stalledForProcessor, stalledForMemory, stalledForDisk] { writer.integer(value) }
    }

    init(from reader: inout ByteReader) throws(LinkError) {
        attempt = try reader.integer()
        bytesRead = try reader.integer()
        bytesWritten = try reader.integer()
        stalledForProcessor = try reader.integer()
        stalledForMemory = try reader.integer()
        stalledForDisk = try reader.integer()
        guard attempt > 0 else { throw .invalid("attempt") }
    }
}
