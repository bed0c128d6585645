import Agents
import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import SupervisorLink
import Synchronization

/// Where the output of attempts is kept: `output/SHARD/TASK.NUMBER.out`, `.err` and `.result` under the state directory, a thousand
/// tasks to a shard. One that is not there counts as empty.
///
/// A file that stayed empty when its attempt ended is renamed for a later attempt, because making a file and removing it again
/// costs more than all else that is done for a short task: ext4 looks long for an inode that was not freed lately.
final class OutputFiles: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case out, err, result

        init(_ stream: OrchProtocol.OutputStream) { self = stream == .stdout ? .out : .err }
    }

    let root: String
    /// The paths of empty files of ended attempts.
    private let spares = Mutex<[String]>([])
    private static let maximumSpares = 256

    let stateDirectory: String
    /// What came with tasks.
    let submitted: SubmittedFiles

    init(stateDirectory: String) {
        submitted = SubmittedFiles(stateDirectory: stateDirectory)
        self.stateDirectory = stateDirectory
        root = stateDirectory + "/output"
    }

    static func name(task: Int64, attempt: Int) -> String { "\(task).\(attempt)" }

    func shard(of task: Int64) -> String { "\(root)/\(task / 1000)" }

    func path(task: Int64, attempt: Int, _ kind: Kind) -> String {
        "\(shard(of: task))/\(Self.name(task: task, attempt: attempt)).\(kind.rawValue)"
    }

    /// Opens the two streams of an attempt, for appending, because a task may open them again by /dev/stdout.
    ///
    /// - Throws: ``SystemError``.
    func create(task: Int64, attempt: Int) throws(SystemError) -> (out: Descriptor, err: Descriptor) {
        do {
            return (try open(task, attempt, .out), try open(task, attempt, .err))
        } catch {
            guard error.code == ENOENT else { throw error }
            try makeDirectory(shard(of: task))
            return (try open(task, attempt, .out), try open(task, attempt, .err))
        }
    }

    private func open(_ task: Int64, _ attempt: Int, _ kind: Kind) throws(SystemError) -> Descriptor {
        let path = path(task: task, attempt: attempt, kind)
        if let spare = spares.withLock({ $0.popLast() }), rename(spare, path) != 0 { unlink(spare) }
        // An engine may go down before it has removed what an attempt has written that gave its number back.
        return try Descriptor(Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600), "create \(path)")
    }

    /// The paths of empty files that wait for an attempt.
    var spareFiles: [String] { spares.withLock { $0 } }

    /// Bytes in a stream.
    func size(task: Int64, attempt: Int, _ kind: Kind) -> Int64 {
        status(task: task, attempt: attempt, kind)?.size ?? 0
    }

    /// When an attempt last wrote anything, in milliseconds since 1970, or nil if it never has.
    func lastWrite(task: Int64, attempt: Int) -> Int64? {
        [Kind.out, .err].compactMap { status(task: task, attempt: attempt, $0) }.filter { $0.size > 0 }.map(\.modified).max()
    }

    private func status(task: Int64, attempt: Int, _ kind: Kind) -> (size: Int64, modified: Int64)? {
        var status = stat()
        guard stat(path(task: task, attempt: attempt, kind), &status) == 0 else { return nil }
        return (Int64(status.st_size), Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000)
    }

    /// Takes back what an ended attempt has not used. None of its processes is left, so nobody can write to it any more.
    func takeBackEmpty(task: Int64, attempt: Int) {
        for kind in [Kind.out, .err] where status(task: task, attempt: attempt, kind)?.size == 0 {
            let path = path(task: task, attempt: attempt, kind)
            let isKept = spares.withLock { spares in
                guard spares.count < Self.maximumSpares else { return false }
                spares.append(path)
                return true
            }
            if !isKept { unlink(path) }
        }
    }

    /// Holds an ended attempt to what it may have written, however fast it was: of the longer stream goes what is too much.
    ///
    /// One byte too many stays, so that another look, by another engine perhaps, comes to the same.
    ///
    /// - Returns: whether it has written more than the limit.
    func hold(task: Int64, attempt: Int, to limit: Int64) -> Bool {
        let sizes = [Kind.out, .err].map { size(task: task, attempt: attempt, $0) }
        let total = sizes[0] + sizes[1]
        guard total > limit else { return false }
        let most = limit + 1
        let err = min(sizes[1], max(most / 2, most - sizes[0]))
        for (kind, size, kept) in [(Kind.out, sizes[0], most - err), (.err, sizes[1], err)] where size > kept {
            // Where it cannot be cut it stays whole; the attempt has failed all the same.
            truncate(path(task: task, attempt: attempt, kind), off_t(kept))
        }
        return true
    }

    /// Reads from a file, at most `count` bytes; empty where there are none, or there is no such file.
    ///
    /// - Throws: ``SystemError`` where there may be some: what cannot be read must not pass for nothing.
    func read(
        task: Int64, attempt: Int, _ kind: Kind, at offset: Int64, count: Int
    ) throws(SystemError) -> [UInt8] {
        let path = path(task: task, attempt: attempt, kind)
        let number = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        if number < 0, errno == ENOENT { return [] }
        let file = try Descriptor(number, "read \(path)")
        let bytes = try file.read(at: offset, count: count, "read \(path)")
        // An empty file may have become another attempt's between the two calls.
        var named = stat()
        guard !bytes.isEmpty, stat(path, &named) == 0, try file.status().st_ino == named.st_ino else { return [] }
        return bytes
    }

    /// Removes everything of a task, and its shard once that is empty.
    ///
    /// - Parameter first: the number of its first attempt: 0 where a program chose for it.
    func remove(task: Int64, attempts: Int, first: Int = 1) {
        // One more, because an attempt that was taken back before it started is not counted.
        for attempt in first...(attempts + 1) { remove(task: task, attempt: attempt) }
        if task % 1000 == 999 { rmdir(shard(of: task)) }
    }

    func remove(task: Int64, attempt: Int) {
        for kind in Kind.allCases {
            let path = path(task: task, attempt: attempt, kind)
            unlink(path)
            unlink(path + OutputIndex.suffix)
        }
        removeFiles(task: task, attempt: attempt)
    }

    // MARK: What agents print

    /// What an agent has printed so far, as far as its definition reads it.
    ///
    /// - Throws: ``SystemError`` where there may be something that cannot be read.
    func printed(by entry: LiveAttempts.Entry, for agent: AgentDefinition) throws(SystemError) -> AgentOutput {
        var printed = AgentOutput(exit: nil)
        let limit = printed.maximum
        printed.stdout = try ends(entry, .out, limit)
        printed.stderr = try ends(
            entry, .err, agent.output.source == .stderr || agent.output.source == .both ? limit : Self.glance)
        if agent.output.source == .file { printed.file = try ends(entry, .result, limit) }
        return printed
    }

    private static let glance = 256 << 10

    /// A file, or its beginning and its end where it is longer.
    private func ends(_ entry: LiveAttempts.Entry, _ kind: Kind, _ limit: Int) throws(SystemError) -> [UInt8] {
        let size = size(task: entry.task, attempt: entry.number, kind)
        guard size > limit else {
            return size > 0 ? try read(task: entry.task, attempt: entry.number, kind, at: 0, count: Int(size)) : []
        }
        let half = limit / 2
        let head = try read(task: entry.task, attempt: entry.number, kind, at: 0, count: half)
        // A line feed between them, because a line never continues from the one to the other. It makes them longer than the limit.
        return head + [UInt8(ascii: "\n")]
            + (try read(task: entry.task, attempt: entry.number, kind, at: size - Int64(half), count: half))
    }

    // MARK: What is said of failures

    /// Why git made no worktree, as it has said itself: its last `fatal:` on standard error, which advice may follow. Otherwise the last line.
    func complaint(task: Int64, attempt: Int) -> String? {
        guard let bytes = lastErrors(task: task, attempt: attempt) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        for word in ["fatal: ", "orchd-worktree: "] {
            guard let line = lines.last(where: { $0.hasPrefix(word) }) else { continue }
            return String(line.dropFirst(word.count)).shortened(to: 500)
        }
        return lines.last?.shortened(to: 500)
    }

    /// What an attempt that failed has written to its standard error at last, on one line; nil where that is nothing.
    func stderrTail(task: Int64, attempt: Int) -> String? {
        lastErrors(task: task, attempt: attempt).flatMap { StderrTail.line(of: $0) }
    }

    private func lastErrors(task: Int64, attempt: Int) -> [UInt8]? {
        let size = size(task: task, attempt: attempt, .err)
        guard size > 0 else { return nil }
        let start = max(0, size - Int64(StderrTail.window))
        return try? read(task: task, attempt: attempt, .err, at: start, count: StderrTail.window)
    }

    // MARK: Files in result directories
    // Files that attempts left in their result directories: `TASK.NUMBER.files` holds them under their own names, and what must be
    // told of the others in a file that none of them can be called.

    func filesPath(task: Int64, attempt: Int) -> String {
        "\(shard(of: task))/\(Self.name(task: task, attempt: attempt)).files"
    }

    /// Where they are until all have been copied: an engine may go down meanwhile.
    static func unfinished(_ path: String) -> String { path + ".new" }

    /// What is kept of an ended attempt, by name.
    func files(task: Int64, attempt: Int) throws(SystemError) -> (kept: [ResultFile], left: [LeftBehind]) {
        let path = filesPath(task: task, attempt: attempt)
        guard let directory = try Self.open(path) else { return ([], []) }
        var kept: [ResultFile] = []
        for name in Self.names(in: path) where isResultFileName(name) {
            var status = stat()
            guard fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            kept.append(ResultFile(name: name, size: Int64(status.st_size)))
        }
        let record = try? Data(contentsOf: URL(filePath: "\(path)/\(WorkspacePaths.leftName)"))
        let left = record.flatMap { try? Wire.decode([LeftBehind].self, from: $0) }
        return (kept.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }, left ?? [])
    }

    /// One of them, by a name that may come from anybody. Nil if there is no such file.
    func openFile(_ name: String, task: Int64, attempt: Int) throws(SystemError) -> Descriptor? {
        guard isResultFileName(name), let directory = try Self.open(filesPath(task: task, attempt: attempt)) else { return nil }
        let number = openat(directory.number, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        if number < 0, errno == ENOENT { return nil }
        return try Descriptor(number, "read the file \"\(name)\" of task \(task)")
    }

    func removeFiles(task: Int64, attempt: Int) {
        let path = filesPath(task: task, attempt: attempt)
        for path in [path, Self.unfinished(path)] { Self.removeFiles(path) }
    }

    /// Removes a directory and the files in it.
    static func removeFiles(_ path: String) {
        // Most often there is none.
        guard rmdir(path) != 0, errno == ENOTEMPTY else { return }
        for name in names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private static func names(in path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    private static func open(_ path: String) throws(SystemError) -> Descriptor? {
        let number = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number < 0, errno == ENOENT { return nil }
        return try Descriptor(number, "read \(path)")
    }

    // MARK: Leftovers

    /// Removes what is left of tasks that are no more: an engine may go down between forgetting them and removing their files.
    ///
    /// - Parameter tasks: those that there are, of a range of ids.
    func removeLeftovers(tasks: (ClosedRange<Int64>) throws -> Set<Int64>) rethrows {
        let manager = FileManager.default
        for shard in (try? manager.contentsOfDirectory(atPath: root))?.compactMap({ Int64($0) }) ?? [] {
            // Listed before the tasks are asked for: a file that comes later is of a task that comes later.
            let names = (try? manager.contentsOfDirectory(atPath: "\(root)/\(shard)")) ?? []
            let kept = try tasks(shard * 1000...shard * 1000 + 999)
            for name in names {
                guard let task = Int64(name.prefix { $0 != "." }), !kept.contains(task) else { continue }
                let path = "\(root)/\(shard)/\(name)"
                if unlink(path) != 0, errno == EISDIR { Self.removeFiles(path) }
            }
        }
    }

    // MARK: Results
    // Results that an agent printed, a worker sent, or a task left in its result file.

    /// The largest result that is kept, in bytes; what is beyond is cut off.
    static let maximumResult = 16 << 20

    /// Keeps the beginning of a result, or nothing of it where the disk does not take it: what the task has printed says more then
    /// than half of its result.
    func keepResult(_ bytes: some Collection<UInt8>, task: Int64, attempt: Int) throws(SystemError) {
        var rest: ArraySlice<UInt8>? = Array(bytes.prefix(Self.maximumResult))[...]
        try keepResult(task: task, attempt: attempt) {
            defer { rest = nil }
            return rest
        }
    }

    /// The same, copied from a file.
    func keepResult(from source: Descriptor, task: Int64, attempt: Int) throws(SystemError) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var left = Self.maximumResult
        try keepResult(task: task, attempt: attempt) { () throws(SystemError) in
            let count = Glibc.read(source.number, &buffer, min(buffer.count, left))
            guard count >= 0 else { throw SystemError("read the result of task \(task)") }
            left -= count
            return count == 0 ? nil : buffer[..<count]
        }
    }

    private func keepResult(
        task: Int64, attempt: Int, pieces next: () throws(SystemError) -> ArraySlice<UInt8>?
    ) throws(SystemError) {
        // A warm worker may be done before its output has been given the name of the task.
        try makeDirectory(shard(of: task))
        try makeFile(path(task: task, attempt: attempt, .result), of: next)
    }

    // MARK: Warm workers
    // The output of warm workers: `output/workers/w7.out` and `.err` until they have a task, whose it becomes.

    private var workers: String { root + "/workers" }

    private func path(ofWorker id: Int64, _ kind: Kind) -> String { "\(workers)/\(Worker.name(id)).\(kind.rawValue)" }

    func create(worker id: Int64) throws(SystemError) -> (out: Descriptor, err: Descriptor) {
        try makeDirectory(workers)
        func open(_ kind: Kind) throws(SystemError) -> Descriptor {
            let path = path(ofWorker: id, kind)
            return try Descriptor(Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600), "create \(path)")
        }
        return (try open(.out), try open(.err))
    }

    /// Makes the output of a worker that of its task. May be repeated.
    func adopt(worker id: Int64, task: Int64, attempt: Int) {
        for kind in [Kind.out, .err] {
            let target = path(task: task, attempt: attempt, kind)
            guard rename(path(ofWorker: id, kind), target) != 0, errno == ENOENT else { continue }
            // Most often it is the shard that is not there yet.
            try? makeDirectory(shard(of: task))
            rename(path(ofWorker: id, kind), target)
        }
    }

    func remove(worker id: Int64) { for kind in [Kind.out, .err] { unlink(path(ofWorker: id, kind)) } }

    /// Removes what workers have left that are no more.
    func removeWorkers(except kept: Set<Int64>) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: workers)) ?? [] {
            guard let id = Int64(name.dropFirst().prefix { $0 != "." }), !kept.contains(id) else { continue }
            unlink("\(workers)/\(name)")
        }
    }

    /// The end of what a worker has written: of its errors, or where there are none, of its output. Nil where it wrote nothing.
    func stderrTail(ofWorker id: Int64) -> String? {
        for kind in [Kind.err, .out] {
            let path = path(ofWorker: id, kind)
            guard let file = try? Descriptor(Glibc.open(path, O_RDONLY | O_CLOEXEC), "read \(path)") else { continue }
            let start = max(0, ((try? file.size()) ?? 0) - Int64(StderrTail.window))
            let bytes = (try? file.read(at: start, count: StderrTail.window, "")) ?? []
            if let words = StderrTail.line(of: bytes) { return words }
        }
        return nil
    }
}
