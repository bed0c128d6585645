import Foundation
import Glibc
import OrchProtocol

/// Where the output of attempts is kept: `output/SHARD/TASK.NUMBER.out`, `.err` and `.result` under the state directory, a thousand
/// tasks to a shard. A file that stayed empty is removed when its attempt has ended; one that is not there counts as empty.
struct OutputFiles: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case out, err, result
    }

    let root: String

    init(stateDirectory: String) { root = stateDirectory + "/output" }

    static func name(task: Int64, attempt: Int) -> String { "\(task).\(attempt)" }

    func shard(of task: Int64) -> String { "\(root)/\(task / 1000)" }

    func path(task: Int64, attempt: Int, _ kind: Kind) -> String {
        "\(shard(of: task))/\(Self.name(task: task, attempt: attempt)).\(kind.rawValue)"
    }

    func path(task: Int64, attempt: Int, _ stream: OrchProtocol.OutputStream) -> String {
        path(task: task, attempt: attempt, stream == .stdout ? .out : .err)
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
        return try Descriptor(Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600), "create \(path)")
    }

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

    /// Removes what an ended attempt has not used.
    func removeEmpty(task: Int64, attempt: Int) {
        for kind in [Kind.out, .err] where size(task: task, attempt: attempt, kind) == 0 {
            unlink(path(task: task, attempt: attempt, kind))
        }
    }

    /// Removes everything of a task, and its shard once that is empty.
    func remove(task: Int64, attempts: Int) {
        for attempt in 1...max(attempts, 1) {
            for kind in Kind.allCases {
                let path = path(task: task, attempt: attempt, kind)
                unlink(path)
                unlink(path + OutputIndex.suffix)
            }
        }
        if task % 1000 == 999 { rmdir(shard(of: task)) }
    }
}
