import FoundationEssentials
import Glibc
import OrchClient
import OrchProtocol

/// The file that a backup is written to: a new one, for its owner alone, and gone again unless all of it came.
final class BackupTarget {
    private let path: String
    private let descriptor: Int32
    private var written: Int64 = 0
    private var isWhole = false

    /// - Parameter path: `-` for standard output.
    init(_ path: String) throws {
        guard path != "-" else {
            guard isatty(STDOUT_FILENO) == 0 else {
                throw Failure(.usage, "a backup is not for a terminal", hint: "name a file, or redirect the output")
            }
            self.path = path
            descriptor = STDOUT_FILENO
            return
        }
        // Not in our hands before it is made: what is there is not ours to remove.
        let made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard made >= 0 else {
            if errno == EEXIST { throw Failure(.usage, "\(path) exists, and is not overwritten", hint: "name another file") }
            throw Failure(.usage, "cannot make \(path): \(String(cString: strerror(errno)))")
        }
        self.path = path
        descriptor = made
    }

    deinit {
        guard !isStandardOutput else { return }
        close(descriptor)
        if !isWhole { unlink(path) }
    }

    var isStandardOutput: Bool { path == "-" }

    func take(_ part: BackupPart) throws {
        guard let text = part.base64 else { return }
        guard part.offset == written, let bytes = Data(base64Encoded: text) else {
            throw ClientError.malformed("a piece of a backup that does not follow the one before")
        }
        try Output.write([UInt8](bytes), to: descriptor)
        written += Int64(bytes.count)
    }

    /// Returns when all of it is on the disk.
    func finish(size: Int64) throws {
        guard written == size else {
            throw ClientError.malformed("a backup of \(written) bytes instead of \(size)")
        }
        isWhole = true
        guard !isStandardOutput else { return }
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            isWhole = false
            throw Failure(.failed, "cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
