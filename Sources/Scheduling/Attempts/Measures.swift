/// What an attempt has used beside processor and memory, where the kernel tells.
public struct Measures: Sendable, Equatable, Codable {
    /// Bytes that went from disks and to them.
    public var bytesRead: Int64
    public var bytesWritten: Int64
    /// Microseconds that some process of it waited for a processor, for memory, for a disk.
    public var stalledForProcessor: Int64
    public var stalledForMemory: Int64
    public var stalledForDisk: Int64

    public init(
        bytesRead: Int64, bytesWritten: Int64, stalledForProcessor: Int64, stalledForMemory: Int64, stalledForDisk: Int64
    ) {
        self.bytesRead = bytesRead
        self.bytesWritten = bytesWritten
        self.stalledForProcessor = stalledForProcessor
        self.stalledForMemory = stalledForMemory
        self.stalledForDisk = stalledForDisk
    }
}
