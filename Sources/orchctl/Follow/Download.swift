import FoundationEssentials
import Glibc
import OrchClient
import OrchProtocol
import Presentation

/// A file that is received piece by piece: a new one, for its owner alone, and gone again unless all of it came.
final class Download {
    private let path: ByteString
    /// The name that it has until it is whole.
    private let place: ByteString
    private let descriptor: Int32
    private let what: String
    private let output: TaskOutput
    /// How many bytes have come.
    private(set) var written: Int64 = 0
    private var isWhole = false

    /// - Parameters:
    ///   - path: `-` for standard output.
    ///   - what: it is, for messages: "a backup".
    ///   - replacing: whether a file of that name may be there, and is replaced once all of the new one is.
    ///   - hint: what to do about one that may not be.
    ///   - raw: whether all of it goes to standard output, even to a terminal.
    init(
        _ path: ByteString, what: String, replacing: Bool = false, hint: String = "name another file", raw: Bool = true
    ) throws {
        self.what = what
        output = TaskOutput(raw: raw)
        self.path = path
        guard path != "-" else {
            place = path
            descriptor = STDOUT_FILENO
            return
        }
        place = replacing ? path + ".orchctl-new" : path
        // Not in our hands before it is made: what is there is not ours to remove.
        let made = place.withCString { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard made >= 0 else {
            if errno == EEXIST { throw Failure(.usage, "\(SafeText.line(place)) exists and was not overwritten", hint: hint) }
            throw Failure(.usage, "cannot make \(SafeText.line(place)): \(String(cString: strerror(errno)))")
        }
        descriptor = made
    }

    deinit {
        guard !isStandardOutput else { return }
        close(descriptor)
        if !isWhole { _ = place.withCString(unlink) }
    }

    var isStandardOutput: Bool { path == "-" }

    func take(_ base64: String, at offset: Int64) throws {
        guard offset == written, let bytes = Data(base64Encoded: base64) else {
            throw ClientError.malformed("a piece of \(what) that does not follow the one before")
        }
        if isStandardOutput {
            try output.write([UInt8](bytes))
        } else {
            try Output.write([UInt8](bytes), to: descriptor, named: SafeText.line(path))
        }
        written += Int64(bytes.count)
    }

    /// Returns when all of it is on the disk, under its name.
    func finish(size: Int64) throws {
        guard written == size else {
            throw ClientError.malformed("\(what) of \(written) bytes instead of \(size)")
        }
        guard !isStandardOutput else { return try output.finish() }
        guard fsync(descriptor) == 0 || errno == EINVAL,
            place == path || place.withCString({ old in path.withCString { rename(old, $0) } }) == 0
        else {
            throw Failure(.failed, "cannot write \(SafeText.line(path)): \(String(cString: strerror(errno)))")
        }
        isWhole = true
    }
}
