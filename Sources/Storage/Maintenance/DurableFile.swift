import Glibc

/// What SQLite does for its own files, for those that are moved around it.
public enum DurableFile {
    /// Brings the names in the directory of a file to the disk: a file that was made, renamed or removed there.
    public static func syncDirectory(of path: String) -> Bool {
        let directory = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[..<$0] } ?? "."
        return sync(directory.isEmpty ? "/" : String(directory), O_RDONLY | O_DIRECTORY)
    }

    /// Brings the contents of a file to the disk.
    public static func sync(_ path: String, _ flags: Int32 = O_RDONLY) -> Bool {
        let descriptor = open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }
}
