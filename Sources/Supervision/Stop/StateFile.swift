import Glibc
import Platform
import SupervisorLink

/// What must outlive a killed supervisor and costs nothing to keep: a mapped file, where a store to memory is enough to survive
/// SIGKILL (not a crash of the machine, after which it is void anyway: the boot id is part of it).
///
/// A page of header — magic, version, capacity, boot id, store id, highest attempt ever heard of — and then a table of the
/// attempts that are running, each as a `StartReport`. What a new supervisor finds in that table was killed with the old one.
final class StateFile {
    /// How many attempts can run at once. The pages of the table are touched only as far as they are used.
    static let capacity = 8192

    private static let name = "state"
    private static let headerSize = 4096
    private static let size = headerSize + capacity * StartReport.size
    private static let magic = Array("orchdsup".utf8)
    private static let version: UInt32 = 1
    private enum Offset {
        static let version = 8
        static let capacity = 12
        static let bootID = 16
        static let bootIDSize = 36
        static let store = 56
        static let heardUpTo = 64
    }

    private let file: Descriptor
    private let memory: UnsafeMutableRawPointer
    private var freeEntries: [Int] = []
    /// Whether no valid file of this boot was there.
    let isNew: Bool
    /// The attempts that were running when the last supervisor ended.
    let leftRunning: [StartReport]

    /// Opens the file, and holds it against a second supervisor.
    init(in directory: Descriptor) throws(SystemError) {
        file = try Descriptor(opening: Self.name, in: directory, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        try Self.lock(file)
        let bootID = SmallFile.read("/proc/sys/kernel/random/boot_id").map { Array($0.prefix(Offset.bootIDSize)) } ?? []
        let hasSize = try file.size("look at \(Self.name)") == Int64(Self.size)
        if !hasSize, ftruncate(file.number, 0) != 0 { throw SystemError("truncate \(Self.name)") }
        // All of it now: a page that the file system cannot provide later would be a SIGBUS.
        let error = posix_fallocate(file.number, 0, off_t(Self.size))
        guard error == 0 else { throw SystemError("reserve \(Self.size) bytes for \(Self.name)", code: error) }
        guard let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0), memory != MAP_FAILED else {
            throw SystemError("map \(Self.name)")
        }
        self.memory = memory
        isNew = !(hasSize && bootID.count == Offset.bootIDSize && Self.isValid(memory, bootID: bootID))
        if isNew {
            Self.reset(memory, bootID: bootID)
            leftRunning = []
        } else {
            leftRunning = (0..<Self.capacity).compactMap { Self.entry(memory, $0) }
        }
        freeEntries = Array((0..<Self.capacity).reversed())
    }

    deinit { munmap(memory, Self.size) }

    /// Names this store of exits and of what was heard.
    var store: UInt64 { memory.load(fromByteOffset: Offset.store, as: UInt64.self) }

    var heardUpTo: UInt64 {
        get { memory.load(fromByteOffset: Offset.heardUpTo, as: UInt64.self) }
        set { memory.storeBytes(of: newValue, toByteOffset: Offset.heardUpTo, as: UInt64.self) }
    }

    /// Forgets the attempts of the former life, once their ends are recorded; those at the places `kept` still run.
    func clearTable(keeping kept: Set<Int>) {
        for index in 0..<Self.capacity where !kept.contains(index) && Self.entry(memory, index) != nil {
            (memory + Self.headerSize + index * StartReport.size).storeBytes(of: 0, as: UInt64.self)
        }
        freeEntries.removeAll(where: kept.contains)
    }

    var isFull: Bool { freeEntries.isEmpty }

    /// Notes that an attempt runs, before it does. Returns its place, nil if there is none left.
    func enter(_ report: StartReport) -> Int? {
        guard let index = freeEntries.popLast() else { return nil }
        update(index, report)
        return index
    }

    func update(_ index: Int, _ report: StartReport) {
        guard isPlace(index) else { return }
        // The attempt's number comes last: without it the entry does not count.
        let entry = memory + Self.headerSize + index * StartReport.size
        let bytes = report.encoded()
        assert(bytes.count == StartReport.size, "an entry has a fixed size, and not \(bytes.count) bytes")
        bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            memcpy(entry + 8, base + 8, StartReport.size - 8)
            memcpy(entry, base, 8)
        }
    }

    /// Whatever is written elsewhere would damage what is beside the table.
    private func isPlace(_ index: Int) -> Bool {
        if (0..<Self.capacity).contains(index) { return true }
        Log.impossible("attempt at place \(index) of a table of \(Self.capacity)")
        return false
    }

    func leave(_ index: Int) {
        guard isPlace(index) else { return }
        assert(freeEntries.count < Self.capacity, "no more places are free than there are")
        (memory + Self.headerSize + index * StartReport.size).storeBytes(of: 0, as: UInt64.self)
        freeEntries.append(index)
    }

    /// A killed supervisor may hold the lock for another moment, through a child that has not executed its program yet.
    private static func lock(_ file: Descriptor) throws(SystemError) {
        for _ in 0..<100 {
            if flock(file.number, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { break }
            usleep(20_000)
        }
        throw SystemError("lock the state directory, which another supervisor may be using")
    }

    private static func isValid(_ memory: UnsafeMutableRawPointer, bootID: [UInt8]) -> Bool {
        UnsafeRawBufferPointer(start: memory, count: magic.count).elementsEqual(magic)
            && memory.load(fromByteOffset: Offset.version, as: UInt32.self) == version
            && memory.load(fromByteOffset: Offset.capacity, as: UInt32.self) == UInt32(capacity)
            && UnsafeRawBufferPointer(start: memory + Offset.bootID, count: Offset.bootIDSize).elementsEqual(bootID)
    }

    private static func reset(_ memory: UnsafeMutableRawPointer, bootID: [UInt8]) {
        memset(memory, 0, size)
        memory.storeBytes(of: version, toByteOffset: Offset.version, as: UInt32.self)
        memory.storeBytes(of: UInt32(capacity), toByteOffset: Offset.capacity, as: UInt32.self)
        UnsafeMutableRawBufferPointer(start: memory + Offset.bootID, count: Offset.bootIDSize).copyBytes(from: bootID)
        memory.storeBytes(of: UInt64.random(in: 1 ... .max), toByteOffset: Offset.store, as: UInt64.self)
        UnsafeMutableRawBufferPointer(start: memory, count: magic.count).copyBytes(from: magic)
    }

    private static func entry(_ memory: UnsafeMutableRawPointer, _ index: Int) -> StartReport? {
        let bytes = UnsafeRawBufferPointer(start: memory + headerSize + index * StartReport.size, count: StartReport.size)
        // Most are empty, and an array for each would cost the start of the supervisor some milliseconds.
        guard bytes.load(as: UInt64.self) != 0 else { return nil }
        return try? StartReport(decoding: Array(bytes)[...])
    }
}
