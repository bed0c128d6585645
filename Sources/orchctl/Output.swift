import ArgumentParser
import Glibc
import OrchProtocol

/// Bytes to standard output and standard error, as they are.
enum Output {
    /// Writes all of it.
    ///
    /// A reader that has gone, as in `orchctl logs 42 | head`, ends orchctl without a word, with the status that a shell
    /// shows for SIGPIPE.
    static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO) throws {
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
            case EPIPE: throw ExitCode(128 + SIGPIPE)
            default: throw Failure(.failed, "cannot write: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Writes text to standard output.
    static func print(_ text: String) throws { try write(Array(text.utf8)) }

    /// Writes a remark, which is not part of the result, to standard error. It never fails: there is nobody to tell.
    static func remark(_ text: String) { try? write(Array("orchctl: \(text)\n".utf8), to: STDERR_FILENO) }

    /// Writes an error as JSON to standard error, for `--json`.
    static func fault(_ failure: Failure) {
        guard let line = try? Wire.line(failure) else { return remark(failure.message) }
        try? write([UInt8](line) + [0x0A], to: STDERR_FILENO)
    }
}
