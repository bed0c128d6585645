import Glibc
import OrchProtocol
import Synchronization

/// Where the output of attempts is kept: `output/SHARD/TASK.NUMBER.out`, `.err` and `.result` under the state directory, a thousand
/// tasks to a shard. One that is not there counts as empty.
///
/// A file that stayed empty when its attempt ended is renamed for a later attempt, because making a file and removing it again
/// costs more than all else that is done for a short task: ext4 looks long for an inode that was not freed lately.
final class OutputFiles: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case out, err, result

        init(_ stream: OutputStream) { self = stream == .stdout ? .out : .err }
    }

    let root: String
    /// The paths of empty files of ended attempts.
    private let spares = Mutex<[String]>([])
    private static let maximumSpares = 256

    let stateDirectory: String

    init(stateDirectory: String) {
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
            guard error.number == ENOENT else { throw error }
            try Self.makeDirectory(shard(of: task))
            return (try open(task, attempt, .out), try open(task, attempt, .err))
        }
    }

    private func open(_ task: Int64, _ attempt: Int, _ kind: Kind) throws(SystemError) -> Descriptor {
        let path = path(task: task, attempt: attempt, kind)
        if let spare = spares.withLock({ $0.popLast() }), rename(spare, path) != 0 { unlink(spare) }
        return try Descriptor(Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600), "create \(path)")
    }

    /// The paths of empty files that wait for an attempt.
    var spareFiles: [String] { spares.withLock { $0 } }

    static func makeDirectory(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError(errno, "make the directory \(path)") }
    }

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
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
            result = pread(file.number, buffer.baseAddress, count, off_t(offset))
            size = max(0, result)
        }
        guard result >= 0 else { throw SystemError(errno, "read \(path)") }
        // An empty file may have become another attempt's between the two calls.
        var opened = stat()
        var named = stat()
        guard !bytes.isEmpty, fstat(file.number, &opened) == 0, stat(path, &named) == 0, opened.st_ino == named.st_ino
        else { return [] }
        return bytes
    }

    /// Removes everything of a task, and its shard once that is empty.
    ///
    /// - Parameter first: the number of its first attempt: 0 where a program chose for it.
    func remove(task: Int64, attempts: Int, first: Int = 1) {
        // One more, because an attempt that was taken back before it started is not counted.
        for attempt in first...(attempts + 1) {
            for kind in Kind.allCases {
                let path = path(task: task, attempt: attempt, kind)
                unlink(path)
                unlink(path + OutputIndex.suffix)
            }
            removeFiles(task: task, attempt: attempt)
        }
        if task % 1000 == 999 { rmdir(shard(of: task)) }
    }
}
