import FoundationEssentials
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Storage
import Synchronization

/// The files that came with tasks, `submitted/ARCHIVE` under the state directory: one archive for each task. They are there, and on the
/// disk, before the task is; it is removed with the task.
///
/// An archive has for each file a line with its size and its name, and then its bytes: `orchd-files` reads it.
final class SubmittedFiles: Sendable {
    /// What the disk must still have for the queue, in bytes.
    private static let margin: Int64 = 256 << 20

    private let directory: String
    /// Nobody else waits for the disk, neither a loop nor the threads that answer everybody. Nil where there was no thread for it.
    private let queue: SerialQueue?
    /// Bytes of each user.
    private let taken = Mutex<[UInt32: Int64]>([:])

    init(stateDirectory: String) {
        directory = stateDirectory + "/submitted"
        queue = try? SerialQueue("files")
    }

    /// Takes the files out of a submission, and calls back when they are kept.
    ///
    /// - Parameters:
    ///   - limit: how many bytes there may be of one user.
    ///   - store: where the task of a key is known.
    func keep(
        _ submission: Submission, of user: UInt32, limit: Int64, _ store: SQLiteStore,
        _ then: @escaping @Sendable (Result<Submission, WireError>) -> Void
    ) {
        guard let queue else { return then(.failure(WireError(.tooBusy, "there was no thread for files; restart the daemon"))) }
        queue.async {
            var (specs, limit) = (submission.all, limit)
            let isBatch = if case .many = submission { true } else { false }
            do throws(WireError) {
                for index in specs.indices {
                    guard let files = specs[index].files, !files.isEmpty else {
                        specs[index].files = nil
                        continue
                    }
                    try SpecRules.check(files: files, isBatch ? "[\(index)]" : nil)
                    // Who asks again has the answer also at the limit. What is kept for that is removed at once.
                    limit += (try? store.submittedSize(of: specs[index], of: user)) ?? 0
                    specs[index].kept = try self.keep(files, of: user, limit)
                    specs[index].files = nil
                }
            } catch {
                for case let kept? in specs.map(\.kept) { self.remove(kept, of: user) }
                return then(.failure(error))
            }
            then(.success(isBatch ? .many(specs) : .one(specs[0])))
        }
    }

    private func keep(_ files: [SubmittedFile], of user: UInt32, _ limit: Int64) throws(WireError) -> KeptFiles {
        let name = (0..<2).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined()
        let kept = KeptFiles(
            archive: name, files: files.map { ResultFile(name: $0.name, size: Int64($0.base64.count)) })
        let sum = taken.withLock { taken in
            taken[user, default: 0] += kept.size
            return taken[user, default: 0]
        }
        do throws(SystemError) {
            guard sum <= limit else { throw SystemError("keep the files", code: EDQUOT) }
            try makeDirectory(directory)
            guard hasSpace(for: kept.size) else { throw SystemError("keep the files", code: ENOSPC) }
            try write(files, to: path(kept))
            return kept
        } catch {
            remove(kept, of: user)
            switch error.code {
            case EDQUOT where sum > limit:
                throw WireError(
                    .storageFull,
                    "the files of the tasks of uid \(user) would take \(sum) bytes, and the limit is \(limit); they go with old "
                        + "tasks ([retention]), or raise [limits] submitted_files")
            case ENOSPC, EDQUOT:
                throw WireError(.storageFull, "the disk has no room for the files; free some space and try again")
            default: throw WireError(.storageFailed, error.description)
            }
        }
    }

    private func write(_ files: [SubmittedFile], to path: String) throws(SystemError) {
        var pieces = files.flatMap { [Array("\($0.base64.count) \($0.name)\n".utf8), Array($0.base64)] }[...]
        let file = try makeFile(path, O_EXCL) { pieces.popFirst()?[...] }
        guard fsync(file.number) == 0, DurableFile.syncDirectory(of: path) else { throw SystemError("keep \(path)") }
    }

    private func hasSpace(for size: Int64) -> Bool {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return true }
        return Int64(status.f_bavail) * Int64(status.f_frsize) >= size + Self.margin
    }

    private func path(_ kept: KeptFiles) -> String { "\(directory)/\(kept.archive)" }

    /// - Throws: ``SystemError``, with ENOENT where a backup was restored that has no files.
    func open(_ kept: KeptFiles) throws(SystemError) -> Descriptor {
        try Descriptor(opening: path(kept), O_RDONLY | O_NOFOLLOW)
    }

    func remove(_ kept: KeptFiles, of user: UInt32) {
        unlink(path(kept))
        taken.withLock { taken in
            let left = taken[user, default: 0] - kept.size
            taken[user] = left > 0 ? left : nil
        }
    }

    /// Those of a submission that made no task of its own: it was refused, or made before.
    func removeUnused(of submission: Submission, _ reply: Reply, of user: UInt32) {
        let made: [Bool] = if case .submitted(let result) = reply { result.all.map(\.created) } else { [] }
        for (index, spec) in submission.all.enumerated() {
            guard let kept = spec.kept, index >= made.count || !made[index] else { continue }
            queue?.async { self.remove(kept, of: user) }
        }
    }

    /// Counts what there is, and removes what no task has: an engine may go down at any moment.
    func takeStock(_ store: SQLiteStore) throws {
        let known = try store.submittedFiles()
        let sizes = Dictionary(known.map { ($0.submitter, $0.files.size) }, uniquingKeysWith: +)
        taken.withLock { $0 = sizes }
        let kept = Set(known.map(\.files.archive))
        guard let directory = try? Descriptor(opening: self.directory, O_RDONLY | O_DIRECTORY) else { return }
        for name in fileNames(in: directory) where !kept.contains(name) { unlinkat(directory.number, name, 0) }
    }
}
