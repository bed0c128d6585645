/// What is kept in files as well, by the attempt's number, which comes first, in eight bytes.
package protocol LinkRecord: LinkValue {}

extension LinkRecord {
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    package init(decoding bytes: ArraySlice<UInt8>) throws(LinkError) {
        var reader = ByteReader(bytes)
        try self.init(from: &reader)
        try reader.finish()
    }
}

/// A running attempt, as the supervisor reports it.
public struct StartReport: LinkRecord, Equatable, Sendable {
    public var attempt: UInt64
    public var pid: Int32
    /// The worker's number in its pool, from 1 to the pool's number of slots.
    public var slot: UInt32
    /// Milliseconds since 1970 on the real-time clock.
    public var startedAt: Int64
    /// Milliseconds on CLOCK_BOOTTIME, which no one can set.
    public var startedMonotonic: Int64

    public init(attempt: UInt64, pid: Int32, slot: UInt32, startedAt: Int64, startedMonotonic: Int64) {
        self.attempt = attempt
        self.pid = pid
        self.slot = slot
        self.startedAt = startedAt
        self.startedMonotonic = startedMonotonic
    }

    /// The encoded size in bytes: it is the same for each.
    public static let size = 32

    package func write(to writer: inout ByteWriter) { writer.write(attempt, pid, slot, startedAt, startedMonotonic) }

    package init(from reader: inout ByteReader) throws(LinkError) {
        attempt = try reader.read()
        pid = try reader.read()
        slot = try reader.read()
        startedAt = try reader.read()
        startedMonotonic = try reader.read()
        guard attempt > 0 else { throw .invalid("attempt") }
    }
}

/// The end of an attempt. It is also the record in the supervisor's exit file, where it stays until the engine acknowledges it.
public struct EndReport: LinkRecord, Equatable, Sendable {
    public enum Ending: UInt8, LinkValue, Sendable {
        /// `code` is the exit status.
        case exited = 1
        /// `code` is the signal.
        case signalled = 2
        /// It never ran: `code` is the errno of `step`. 0 with `workspace`: git made no worktree, and has said why on standard error.
        case spawnFailed = 3
        /// The policy forbids it: `code` is a ``Refusal``.
        case refused = 4
        /// It was killed because the supervisor that ran it is gone; how its program took it is not known.
        case lost = 5
    }

    /// The step of starting a process that failed. The raw values are those of `enum spawn_step` in CLinux.
    public enum Step: UInt8, LinkValue, Sendable {
        case none = 0
        case clone, cgroup, session, mask, limits, priority, oomScore, privileges, groups, group, user, workspace, directory
        case descriptors, deathSignal, execute, resources, confine
    }

    public enum Refusal: Int32, Sendable {
        case unknownPool = 1
        case program = 2
        case oomScore = 3
        case nice = 4
        case repository = 5
        case limit = 6
        case credential = 7
        case sandbox = 8
        case user = 9
        case door = 10
        case directory = 11
    }

    public struct Flags: OptionSet, LinkValue, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// A `stop` had been asked for before it ended.
        public static let stopped = Flags(rawValue: 1)
        /// It needed SIGKILL.
        public static let killed = Flags(rawValue: 2)
        public static let dumpedCore = Flags(rawValue: 4)
        /// Other processes of it were still there when its leader ended, and were killed.
        public static let survivors = Flags(rawValue: 8)
        /// The kernel killed one of its processes for lack of memory.
        public static let outOfMemory = Flags(rawValue: 16)
        /// The kernel refused it a process, since it had as many as it may.
        public static let outOfProcesses = Flags(rawValue: 32)
    }

    public var start: StartReport
    public var ending: Ending
    public var code: Int32
    public var step: Step
    public var flags: Flags
    /// Milliseconds since 1970.
    public var endedAt: Int64
    public var endedMonotonic: Int64
    /// Microseconds of CPU time.
    public var cpuUser: Int64
    public var cpuSystem: Int64
    /// Bytes.
    public var peakMemory: Int64

    public init(
        start: StartReport, ending: Ending, code: Int32, step: Step = .none, flags: Flags = [], endedAt: Int64,
        endedMonotonic: Int64, cpuUser: Int64 = 0, cpuSystem: Int64 = 0, peakMemory: Int64 = 0
    ) {
        self.start = start
        self.ending = ending
        self.code = code
        self.step = step
        self.flags = flags
        self.endedAt = endedAt
        self.endedMonotonic = endedMonotonic
        self.cpuUser = cpuUser
        self.cpuSystem = cpuSystem
        self.peakMemory = peakMemory
    }

    public var attempt: UInt64 { start.attempt }

    /// The encoded size in bytes: it is the same for each, so that a file of them can be read after a torn write.
    public static let size = StartReport.size + 48

    package func write(to writer: inout ByteWriter) {
        writer.write(start, ending, step, flags, UInt8(0), code, endedAt, endedMonotonic, cpuUser, cpuSystem, peakMemory)
    }

    package init(from reader: inout ByteReader) throws(LinkError) {
        start = try reader.read()
        ending = try reader.read()
        step = try reader.read()
        flags = try reader.read()
        guard try reader.read(UInt8.self) == 0 else { throw .invalid("padding") }
        code = try reader.read()
        endedAt = try reader.read()
        endedMonotonic = try reader.read()
        cpuUser = try reader.read()
        cpuSystem = try reader.read()
        peakMemory = try reader.read()
    }
}

/// What an attempt has used beside processor and memory, by the cgroup that it had: see `io.stat` and the `.pressure` files in the kernel's
/// cgroup-v2 documentation. It is told with an end where it is known, and is not kept beyond the supervisor.
public struct Measures: LinkValue, Equatable, Sendable, Codable {
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

    package func write(to writer: inout ByteWriter) {
        writer.write(bytesRead, bytesWritten, stalledForProcessor, stalledForMemory, stalledForDisk)
    }

    package init(from reader: inout ByteReader) throws(LinkError) {
        bytesRead = try reader.read()
        bytesWritten = try reader.read()
        stalledForProcessor = try reader.read()
        stalledForMemory = try reader.read()
        stalledForDisk = try reader.read()
    }
}

public struct MeasureReport: LinkValue, Equatable, Sendable {
    public var attempt: UInt64
    public var measures: Measures

    public init(attempt: UInt64, _ measures: Measures) {
        self.attempt = attempt
        self.measures = measures
    }

    package func write(to writer: inout ByteWriter) { writer.write(attempt, measures) }

    package init(from reader: inout ByteReader) throws(LinkError) {
        attempt = try reader.read()
        measures = try reader.read()
        guard attempt > 0 else { throw .invalid("attempt") }
    }
}
