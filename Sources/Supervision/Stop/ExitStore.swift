import Glibc
import Platform
import SupervisorLink

/// The ends that the engine has not acknowledged: in memory, and in the file `exits` so that they survive the supervisor.
///
/// The file is a row of records of one size, appended in one write. It is emptied when all of them are acknowledged, and written
/// again when it has grown large. A file that cannot be written (a full /run) costs only the protection, not the records.
final class ExitStore {
    private static let name = "exits"
    static let compactionSize = 1 << 20

    private let directory: Descriptor
    private var file: Descriptor
    private var fileSize: Int
    private(set) var reports: [UInt64: EndReport] = [:]
    /// The file lacks records that memory has.
    private var isBehind = false
    private var appendsSinceFailure = 0

    /// Opens the file; with `discarding`, whatever it holds is of another boot.
    init(in directory: Descriptor, discarding: Bool) throws(SystemError) {
        self.directory = directory
        let flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | (discarding ? O_TRUNC : 0)
        file = try Descriptor(opening: Self.name, in: directory, flags, mode: 0o600)
        let bytes = SmallFile.read(file, limit: 1 << 28) ?? []
        var position = 0
        while position + EndReport.size <= bytes.count,
            let report = try? EndReport(decoding: bytes[position..<position + EndReport.size])
        {
            reports[report.attempt] = report
            position += EndReport.size
        }
        fileSize = position
        // The last one may be torn.
        if position < bytes.count { ftruncate(file.number, off_t(position)) }
    }

    /// Makes these ends survive. Comes before anything else is done with them.
    ///
    /// - Returns: whether all ends are in the file now, these and those before.
    @discardableResult
    func append(_ ended: [EndReport]) -> Bool {
        guard !ended.isEmpty else { return !isBehind }
        for report in ended { reports[report.attempt] = report }
        if isBehind {
            appendsSinceFailure += 1
            if appendsSinceFailure % 64 == 0 { rewrite() }
            return !isBehind
        }
        assert(fileSize % EndReport.size == 0, "the file ends with a whole record, and not at \(fileSize)")
        let bytes = ended.count == 1 ? ended[0].encoded() : ended.flatMap { $0.encoded() }
        guard write(file.number, bytes, bytes.count) == bytes.count else {
            Log.error("\(SystemError("write exits")); until this is fixed, ends are only kept in memory")
            ftruncate(file.number, off_t(fileSize))
            isBehind = true
            return false
        }
        fileSize += bytes.count
        return true
    }

    /// Forgets ends that the engine has committed. Returns those that were there.
    func acknowledge(_ attempts: [UInt64]) -> [UInt64] {
        let known = attempts.filter { reports.removeValue(forKey: $0) != nil }
        if reports.isEmpty, fileSize > 0 || isBehind {
            if ftruncate(file.number, 0) == 0 {
                fileSize = 0
                isBehind = false
            }
        } else if fileSize > Self.compactionSize, reports.count * EndReport.size < fileSize / 2 {
            rewrite()
        }
        return known
    }

    static let notSafe = "ends that the engine has not acknowledged cannot be written to the state directory, and would be lost"

    /// Whether the file holds all ends, after another try where it does not.
    func isSafe() -> Bool {
        if isBehind { rewrite() }
        return !isBehind
    }

    private func rewrite() {
        let temporary = Self.name + ".new"
        do throws(SystemError) {
            let fresh = try Descriptor(
                opening: temporary, in: directory, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, mode: 0o600)
            let bytes = reports.values.flatMap { $0.encoded() }
            guard write(fresh.number, bytes, bytes.count) == bytes.count else { throw SystemError("write \(temporary)") }
            guard renameat(directory.number, temporary, directory.number, Self.name) == 0 else {
                throw SystemError("rename \(temporary)")
            }
            assert(bytes.count == reports.count * EndReport.size, "each end is written once, whole")
            file = fresh
            fileSize = bytes.count
            isBehind = false
        } catch {
            unlinkat(directory.number, temporary, 0)
            if !isBehind { Log.error("\(error)") }
        }
    }
}
