import FoundationEssentials
import Glibc
import OrchProtocol
import Platform
import SupervisorLink

/// Copies what an attempt has left in its result directory, as the supervisor hands it over.
///
/// It happens before anybody knows the end of the attempt, so the files are there when the end is reported; and again, from the
/// beginning, if this engine goes down before the end is committed.
struct FileCollection {
    /// What the disk must still have for the queue, in bytes.
    private static let margin: Int64 = 64 << 20

    private let path: String
    private let limit: Int64
    private var room: Int64
    private var left: [LeftBehind] = []

    /// - Parameter limit: how many bytes may be kept.
    init(_ files: OutputFiles, task: Int64, attempt: Int, limit: Int64) throws(SystemError) {
        path = files.filesPath(task: task, attempt: attempt)
        self.limit = limit
        room = limit
        try makeDirectory(files.shard(of: task))
        // What an engine before has not finished.
        OutputFiles.removeFiles(OutputFiles.unfinished(path))
        try makeDirectory(OutputFiles.unfinished(path))
    }

    mutating func take(_ name: String, from source: Descriptor) {
        var status = stat()
        guard fstat(source.number, &status) == 0 else { return leave(name, SystemError.text(errno)) }
        let size = Int64(status.st_size)
        guard size <= room else {
            return leave(name, "more than the \(ByteText.text(limit)) in all that the pool's files_limit allows")
        }
        guard hasSpace(for: size) else { return leave(name, "the disk is full") }
        do throws(SystemError) {
            room -= try copy(size, from: source, to: "\(OutputFiles.unfinished(path))/\(name)")
        } catch {
            leave(name, error.isShortage ? "the disk is full" : error.description)
        }
    }

    mutating func leave(_ files: [ResultFiles.Left]) {
        for it in files { leave(it.names.map(Self.shown), count: Int(it.count), Self.text(it.reason)) }
    }

    /// Call when nothing more comes: from then on it is there to be seen.
    ///
    /// - Throws: ``SystemError`` where not all of it can be told.
    func finish() throws(SystemError) {
        let unfinished = OutputFiles.unfinished(path)
        // Those of the same attempt, if its end has been told before and not been committed.
        OutputFiles.removeFiles(path)
        defer { rename(unfinished, path) }
        guard !left.isEmpty, let record = try? Wire.line(left) else { return }
        let path = "\(unfinished)/\(WorkspacePaths.leftName)"
        var rest: ArraySlice<UInt8>? = Array(record)[...]
        try makeFile(path) {
            defer { rest = nil }
            return rest
        }
    }

    private mutating func leave(_ name: String, _ reason: String) { leave([name], count: 1, reason) }

    private mutating func leave(_ names: [String], count: Int, _ reason: String) {
        let index = left.firstIndex { $0.reason == reason } ?? left.endIndex
        if index == left.endIndex { left.append(LeftBehind(reason: reason, count: 0, names: [])) }
        left[index].count += count
        left[index].names += names.prefix(ResultFiles.Left.examples - left[index].names.count)
    }

    /// Copies at most as much as there was, however much a process that has got away continues to write.
    private func copy(_ size: Int64, from source: Descriptor, to path: String) throws(SystemError) -> Int64 {
        var buffer = [UInt8](repeating: 0, count: 131_072)
        var copied: Int64 = 0
        try makeFile(path, O_EXCL) { () throws(SystemError) in
            let count = pread(source.number, &buffer, Int(min(Int64(buffer.count), size - copied)), off_t(copied))
            guard count >= 0 else { throw SystemError("read it") }
            copied += Int64(count)
            return count == 0 ? nil : buffer[..<count]
        }
        return copied
    }

    /// A disk that results fill would take nothing of the queue's either.
    private func hasSpace(for size: Int64) -> Bool {
        var status = statvfs()
        guard statvfs(OutputFiles.unfinished(path), &status) == 0 else { return true }
        return Int64(status.f_bavail) * Int64(status.f_frsize) >= size + Self.margin
    }

    private static func shown(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.map { $0.isControl ? "\u{FFFD}" : $0 }))
    }

    private static func text(_ reason: ResultFiles.Reason) -> String {
        switch reason {
        case .directory: "a directory: only the files at the top are kept"
        case .special: "a link, FIFO, socket or device"
        case .name: "a name that is not UTF-8, or has control characters"
        case .owner: "another user's file"
        case .unreadable: "it could not be opened"
        case .tooMany: "more than \(ResultFiles.maximum) files"
        }
    }
}
