import ArgumentParser
import Glibc
import OrchProtocol
import Platform

/// Bytes to standard output and standard error, as they are.
enum Output {
    /// Writes all of it.
    ///
    /// A reader that has gone, as in `orchctl logs 42 | head`, ends orchctl without a word, with the status that a shell
    /// shows for SIGPIPE.
    static func write(_ bytes: [UInt8], to descriptor: Int32 = STDOUT_FILENO, named name: String = "standard output") throws {
        switch DescriptorWriter.write(bytes, to: descriptor) {
        case 0: return
        case EPIPE: throw ExitCode(128 + SIGPIPE)
        case let error: throw Failure(.failed, DescriptorWriter.problem(error, name))
        }
    }

    /// Writes the result of a task to standard output.
    ///
    /// - Parameter isLine: whether it is to end with a line feed, where it has none of its own.
    static func print(_ result: TaskResult, isLine: Bool, ofTask id: Int64) throws {
        let needsFeed = isLine && !result.text.isEmpty && result.text.utf8.last != UInt8(ascii: "\n")
        try print(result.text + (needsFeed ? "\n" : ""))
        if result.truncated { remark("this is only the beginning; orchctl logs \(id) has all") }
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
