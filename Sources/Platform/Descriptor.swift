import CLinux
import Glibc

/// A file descriptor that is closed when nobody holds it any more, so that no path out of a function can leak it.
public final class Descriptor: Sendable {
    public let number: Int32

    /// Takes over one that is open.
    public init(_ number: Int32) {
        assert(number >= 0, "only what is open can be taken over")
        self.number = number
    }

    /// Takes the result of a call that returns a descriptor, or else -1 with `errno`, or a negative errno.
    public init(_ result: Int32, _ action: @autoclosure () -> String) throws(SystemError) {
        guard result >= 0 else { throw SystemError(action(), code: result == -1 ? errno : -result) }
        number = result
    }

    /// Opens a path, always close-on-exec, relative to a directory or to the working directory.
    public convenience init(
        opening path: String, in directory: Descriptor? = nil, _ flags: Int32, mode: mode_t = 0
    ) throws(SystemError) {
        try self.init(openat(directory?.number ?? AT_FDCWD, path, flags | O_CLOEXEC, mode), "open \(path)")
    }

    deinit { close(number) }

    /// What is known of the file.
    ///
    /// - Parameter action: what it is looked at for, as in "cannot read /path".
    public func status(_ action: @autoclosure () -> String = "look at a file") throws(SystemError) -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw SystemError(action()) }
        return status
    }

    /// Bytes of the file.
    public func size(_ action: @autoclosure () -> String = "look at a file") throws(SystemError) -> Int64 {
        Int64(try status(action()).st_size)
    }

    /// Bytes from an offset on: at most this many, and none beyond the end.
    public func read(
        at offset: Int64, count: Int, _ action: @autoclosure () -> String
    ) throws(SystemError) -> [UInt8] {
        var result = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
            result = pread(number, buffer.baseAddress, count, off_t(offset))
            size = max(0, result)
        }
        guard result >= 0 else { throw SystemError(action()) }
        return bytes
    }

    /// The two ends of a pipe, both close-on-exec.
    ///
    /// - Parameter waits: whether to read from it, and to write to it, waits.
    public static func pipe(waits: Bool) throws(SystemError) -> (reader: Descriptor, writer: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends, waits) == 0 else { throw SystemError("make a pipe") }
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }
}

/// Bytes to a descriptor that somebody else has opened, and perhaps closed.
public enum DescriptorWriter {
    /// Writes all of it; the errno of what failed, or 0.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                Glibc.write(descriptor, all.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count >= 0 {
                written += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                // Somebody made our end non-blocking: wait as a blocking one would.
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, -1)
            default: return errno
            }
        }
        return 0
    }

    /// Why it takes nothing, as a sentence.
    public static func problem(_ error: Int32, _ name: String = "standard output") -> String {
        let why = error == EBADF ? "it is closed, or open for reading only" : String(cString: strerror(error))
        return "cannot write to \(name): \(why)"
    }
}
