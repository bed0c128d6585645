import Agents
import Foundation
import Glibc
import OrchProtocol
import Scheduling

/// The output of warm workers: `output/workers/w7.out` and `.err` until they have a task, whose it becomes.
extension OutputFiles {
    private var workers: String { root + "/workers" }

    private func path(ofWorker id: Int64, _ kind: Kind) -> String { "\(workers)/\(Worker.name(id)).\(kind.rawValue)" }

    func create(worker id: Int64) throws(SystemError) -> (out: Descriptor, err: Descriptor) {
        try Self.makeDirectory(workers)
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
            try? Self.makeDirectory(shard(of: task))
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
            guard let file = try? Descriptor(open(path, O_RDONLY | O_CLOEXEC), "read \(path)") else { continue }
            var buffer = [UInt8](repeating: 0, count: StderrTail.window)
            let end = Int64(lseek(file.number, 0, SEEK_END))
            let count = pread(file.number, &buffer, buffer.count, off_t(max(0, end - Int64(buffer.count))))
            if count > 0, let words = StderrTail.line(of: buffer[..<count]) { return words }
        }
        return nil
    }
}
