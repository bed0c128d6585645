import Glibc

/// A file descriptor that is closed when nobody refers to it any more, so that no path out of a function can leak it.
final class OwnedDescriptor {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    /// Takes the result of a call that returns a descriptor or a negative errno.
    convenience init(_ operation: String, _ result: Int32) throws(SystemError) {
        guard result >= 0 else { throw SystemError(operation, code: -result) }
        self.init(result)
    }

    /// Opens a path, always close-on-exec, relative to a directory or to the working directory.
    init(opening path: String, in directory: OwnedDescriptor? = nil, _ flags: Int32, mode: mode_t = 0) throws(SystemError) {
        number = openat(directory?.number ?? AT_FDCWD, path, flags | O_CLOEXEC, mode)
        guard number >= 0 else { throw SystemError("open \(path)") }
    }

    deinit { if number >= 0 { close(number) } }
}
