import CLinux
import Glibc
import Platform
import SupervisorLink

/// What one supervisor leaves to the next when it executes a new version of itself: the process stays, so its children stay its
/// children, and what else the next one needs goes through a memfd and inherited descriptors.
///
/// The encoding is for neighbouring versions: fields separated by NUL, each list after its count. What cannot be read ends the
/// new supervisor at its start, and with it, by the service manager, all tasks; so it is kept this plain.
struct Handover: Equatable {
    static let variable = "ORCHD_SUPERVISOR_HANDOVER"
    private static let version = "orchd-handover 1"

    struct Running: Equatable {
        var folder: String
        var name: String
        var start: [UInt8]
        var entry: Int
        var flags: UInt8
        var pidfd: Int32
        /// Milliseconds on the monotonic clock; −1 for none.
        var killAt: Int64
    }

    struct Waiting: Equatable {
        /// A `launch` message.
        var order: [UInt8]
        var descriptors: [Int32]
    }

    var listener: Int32
    /// The soft limit of descriptors that workers get.
    var descriptorLimit: UInt64
    var slots: [String: UInt32] = [:]
    var running: [Running] = []
    var waiting: [Waiting] = []
    var removals: [WorkspaceRemovals.Removal] = []
    /// Apart from the rest: see ``HeldDescriptors``.
    var channels: [UInt64: Int32] = [:]
    var doors: [UInt64: Int32] = [:]

    func encoded() -> [UInt8] {
        var fields = [Self.version, "\(listener)", "\(descriptorLimit)", "\(slots.count)"]
        for (pool, count) in slots.sorted(by: { $0.key < $1.key }) { fields += [pool, "\(count)"] }
        fields.append("\(running.count)")
        for it in running {
            fields += [it.folder, it.name, hexadecimal(it.start), "\(it.entry)", "\(it.flags)", "\(it.pidfd)", "\(it.killAt)"]
        }
        fields.append("\(waiting.count)")
        for it in waiting { fields += [hexadecimal(it.order), "\(it.descriptors.count)"] + it.descriptors.map { "\($0)" } }
        fields.append("\(removals.count)")
        for it in removals { fields += [it.folder, it.name] }
        return Array(fields.joined(separator: "\0").utf8)
    }
}

extension Handover {
    /// Nil if it is not what `encoded` makes.
    init?(decoding bytes: [UInt8]) {
        let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
        var fields = words.map { String(decoding: $0, as: UTF8.self) }[...]
        func number<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? { fields.popFirst().flatMap { T($0) } }
        guard fields.popFirst() == Self.version, let listener = number(Int32.self), let limit = number(UInt64.self),
            let pools = number(Int.self)
        else { return nil }
        self.init(listener: listener, descriptorLimit: limit)
        for _ in 0..<max(0, pools) {
            guard let pool = fields.popFirst(), let count = number(UInt32.self) else { return nil }
            slots[pool] = count
        }
        guard let runningCount = number(Int.self) else { return nil }
        for _ in 0..<max(0, runningCount) {
            guard let folder = fields.popFirst(), let name = fields.popFirst(), let start = fields.popFirst(),
                let bytes = Handover.bytes(start), let entry = number(Int.self), let flags = number(UInt8.self),
                let pidfd = number(Int32.self), let killAt = number(Int64.self)
            else { return nil }
            running.append(
                Running(folder: folder, name: name, start: bytes, entry: entry, flags: flags, pidfd: pidfd, killAt: killAt))
        }
        guard let waitingCount = number(Int.self) else { return nil }
        for _ in 0..<max(0, waitingCount) {
            guard let order = fields.popFirst().flatMap(Handover.bytes), let count = number(Int.self), count <= fields.count
            else { return nil }
            waiting.append(Waiting(order: order, descriptors: (0..<max(0, count)).compactMap { _ in number(Int32.self) }))
        }
        guard let removalCount = number(Int.self) else { return nil }
        for _ in 0..<max(0, removalCount) {
            // Without a name, it would be all that the folder holds.
            guard let folder = fields.popFirst(), let name = fields.popFirst(), !name.isEmpty else { return nil }
            removals.append(WorkspaceRemovals.Removal(folder: folder, name: name))
        }
        guard encoded() == bytes else { return nil }
    }

    /// The one that was left to this process, if it is the new version of a supervisor.
    static func inherited() throws(SystemError) -> Handover? {
        guard let text = getenv(variable), let number = Int32(String(cString: text)) else { return nil }
        unsetenv(variable)
        let file = Descriptor(number)
        guard let bytes = SmallFile.read(file, limit: 1 << 28), var handover = Handover(decoding: bytes) else {
            throw SystemError("read the state of the former supervisor", code: EBADMSG)
        }
        handover.channels = HeldDescriptors.channels.inherited()
        handover.doors = HeldDescriptors.doors.inherited()
        return handover
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { index in
            UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) ?? 0
        }
    }
}
