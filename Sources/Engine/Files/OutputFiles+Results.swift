import Glibc

/// Results that an agent printed, a worker sent, or a task left in its result file.
extension OutputFiles {
    /// The largest result that is kept, in bytes; what is beyond is cut off.
    static let maximumResult = 16 << 20

    /// Keeps the beginning of a result, or nothing of it where the disk does not take it: what the task has printed says more then
    /// than half of its result.
    func keepResult(_ bytes: some Collection<UInt8>, task: Int64, attempt: Int) throws(SystemError) {
        var rest: ArraySlice<UInt8>? = Array(bytes.prefix(Self.maximumResult))[...]
        try keepResult(task: task, attempt: attempt) {
            defer { rest = nil }
            return rest
        }
    }

    /// The same, copied from a file.
    func keepResult(from source: Descriptor, task: Int64, attempt: Int) throws(SystemError) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var left = Self.maximumResult
        try keepResult(task: task, attempt: attempt) { () throws(SystemError) in
            let count = Glibc.read(source.number, &buffer, min(buffer.count, left))
            guard count >= 0 else { throw SystemError(errno, "read the result of task \(task)") }
            left -= count
            return count == 0 ? nil : buffer[..<count]
        }
    }

    private func keepResult(
        task: Int64, attempt: Int, pieces next: () throws(SystemError) -> ArraySlice<UInt8>?
    ) throws(SystemError) {
        // A warm worker may be done before its output has been given the name of the task.
        try Self.makeDirectory(shard(of: task))
        let path = path(task: task, attempt: attempt, .result)
        do throws(SystemError) {
            let file = try Descriptor(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600), "create \(path)")
            while var piece = try next() {
                while !piece.isEmpty {
                    let count = piece.withUnsafeBytes { write(file.number, $0.baseAddress, $0.count) }
                    guard count >= 0 else { throw SystemError(errno, "write \(path)") }
                    piece = piece.dropFirst(count)
                }
            }
        } catch {
            unlink(path)
            throw error
        }
    }
}
