import FoundationEssentials
import Glibc
import OrchProtocol
import SupervisorLink

/// Files that attempts left in their result directories: `TASK.NUMBER.files` holds them under their own names, and what is to be told of
/// the others in a file that none of them can be called.
extension OutputFiles {
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
}
