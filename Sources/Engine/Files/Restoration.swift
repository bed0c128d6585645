import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Storage

/// Puts a backup in the place of the queue, while no engine runs.
///
/// Whenever it is interrupted there is either the old queue or the new one, and the old one is kept under another name before the
/// new one takes its place.
public struct Restoration: Sendable {
    public var contents: BackupResult
    /// The path of the queue that was there before.
    public var kept: String?
    /// What the caller should know.
    public var remarks: [String] = []

    /// By how much ids are moved on where it cannot be read which were given out.
    private static let leap: Int64 = 1_000_000

    /// - Throws: ``StartError`` where an engine uses the directory, ``SystemError``, and `StorageError` for an invalid backup.
    public static func restore(_ backup: String, to stateDirectory: String) throws -> Restoration {
        let source = try Descriptor(open(backup, O_RDONLY | O_CLOEXEC), "read \(backup)")
        // Also that of a queue which was copied, or kept by another restore.
        let log = try? Descriptor(open(backup + "-wal", O_RDONLY | O_CLOEXEC), "read \(backup)-wal")
        try becomeOwner(of: stateDirectory)
        let directory = try StateDirectory(stateDirectory)
        let queue = directory.database
        let copy = queue + ".restoring"
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(copy + suffix) }
        try copyAll(source, to: copy)
        if let log { try copyAll(log, to: copy + "-wal") }

        var result: Restoration
        do {
            result = Restoration(contents: try StoppedDatabase.verify(copy))
        } catch let error as StorageError {
            for suffix in ["", "-wal", "-shm"] { unlink(copy + suffix) }
            throw StartError("\(error.description.replacing(copy, with: backup)); nothing was changed")
        }
        let outputs = OutputFiles(stateDirectory: stateDirectory).highestAttempts()
        let counters = try result.counters(of: queue, copy: copy, highestTask: outputs.keys.max() ?? 0)
        try StoppedDatabase.adopt(copy, after: counters, attempts: outputs, at: Clock.realTime)
        try result.keep(queue)
        guard rename(copy, queue) == 0, DurableFile.syncDirectory(of: queue) else {
            throw SystemError("move the backup to \(queue)")
        }
        return result
    }

    /// Root reads the backup, and leaves nothing in the directory that its owner cannot use.
    private static func becomeOwner(of directory: String) throws {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard stat(directory, &status) == 0 else {
            throw StartError("there is no state directory \(directory); start orchd once, or name another with --state-dir")
        }
        guard setegid(status.st_gid) == 0, seteuid(status.st_uid) == 0 else {
            throw SystemError("become the owner of \(directory)")
        }
    }

    private static func copyAll(_ source: Descriptor, to path: String) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let target = try makeFile(path, O_EXCL) { () throws(SystemError) in
            let count = read(source.number, &buffer, buffer.count)
            guard count >= 0 else { throw SystemError("read the backup for \(path)") }
            return count == 0 ? nil : buffer[..<count]
        }
        guard fsync(target.number) == 0 else { throw SystemError("copy the backup to \(path)") }
    }

    /// What must not be used again: what the present queue has given out, or where it cannot be read, far beyond what there are traces of.
    private mutating func counters(of queue: String, copy: String, highestTask: Int64) throws -> StoppedDatabase.Counters {
        let own = try StoppedDatabase.counters(of: copy).merged(with: .init(task: highestTask))
        guard access(queue, F_OK) == 0 else { return own }
        do {
            try StoppedDatabase.foldLog(of: queue)
            return try own.merged(with: StoppedDatabase.counters(of: queue))
        } catch let error as StorageError {
            remarks.append(
                "the previous queue cannot be read, so new ids begin \(Self.leap) above the known ones: \(error.description)"
            )
            return .init(task: own.task + Self.leap, attempt: own.attempt, event: own.event + Self.leap)
        }
    }

    /// The name, or where a queue has it already because two were restored in one second, the name with a number.
    private static func freeName(_ name: String) -> String {
        let names = (1...1000).lazy.map { $0 == 1 ? name : "\(name).\($0)" }
        return names.first { access($0, F_OK) != 0 && access($0 + "-wal", F_OK) != 0 } ?? name
    }

    /// Gives the present queue another name beside its own, and takes away its log: none of it may be read with the new one.
    private mutating func keep(_ queue: String) throws {
        guard access(queue, F_OK) == 0 || access(queue + "-wal", F_OK) == 0 else { return }
        let time = ISO8601DateFormatter.string(
            from: Date(), timeZone: .gmt, formatOptions: [.withYear, .withMonth, .withDay, .withTime])
        let kept = Self.freeName(queue + ".before-restore-" + time)
        var log = stat()
        let hasLog = stat(queue + "-wal", &log) == 0 && log.st_size > 0
        for suffix in hasLog ? ["", "-wal"] : [""] where link(queue + suffix, kept + suffix) != 0 && errno != ENOENT {
            throw SystemError("keep the present queue as \(kept + suffix)")
        }
        guard DurableFile.syncDirectory(of: queue) else { throw SystemError("keep the present queue as \(kept)") }
        for suffix in ["-wal", "-shm"] { unlink(queue + suffix) }
        guard DurableFile.syncDirectory(of: queue) else { throw SystemError("remove the log \(queue)-wal") }
        self.kept = kept
    }
}

extension OutputFiles {
    /// For each task the highest number of an attempt whose output there is.
    func highestAttempts() -> [Int64: Int] {
        var highest: [Int64: Int] = [:]
        let manager = FileManager.default
        for shard in (try? manager.contentsOfDirectory(atPath: root)) ?? [] {
            for name in (try? manager.contentsOfDirectory(atPath: "\(root)/\(shard)")) ?? [] {
                let parts = name.split(separator: ".")
                guard parts.count >= 3, let task = Int64(parts[0]), let attempt = Int(parts[1]) else { continue }
                highest[task] = max(highest[task] ?? 0, attempt)
            }
        }
        return highest
    }
}
