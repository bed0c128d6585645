import Glibc

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
