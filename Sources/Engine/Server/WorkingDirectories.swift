import Glibc
import OrchProtocol
import Platform
import Scheduling

/// Looks whether the directories of a submission can be entered, where that means now what it will mean to the tasks: in a daemon of
/// the submitter's own, which runs tasks as them. In the service only the start can tell.
struct WorkingDirectories: Sendable {
    /// A path may lead to a disk that is asleep, so no loop waits for it. One queue, so that submissions keep their order.
    private let queue: SerialQueue

    init() throws(SystemError) { queue = try SerialQueue("directories") }

    /// Calls back with what is wrong with which, at once where there is nothing to look at.
    func look(at submission: Submission, by requester: Requester, _ then: @escaping @Sendable ([ByteString: String]) -> Void) {
        guard requester.uid == geteuid() else { return then([:]) }
        let directories = Set(submission.all.lazy.compactMap(\.directory).filter { $0.first == UInt8(ascii: "/") })
        guard !directories.isEmpty else { return then([:]) }
        queue.async {
            var complaints: [ByteString: String] = [:]
            for directory in directories { complaints[directory] = Self.complaint(about: directory) }
            then(complaints)
        }
    }

    /// Why no process of ours can be started there, in words; nil if one can.
    static func complaint(about directory: ByteString) -> String? {
        let error: Int32 = directory.withCString { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return errno }
            guard status.st_mode & S_IFMT == S_IFDIR else { return ENOTDIR }
            return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno
        }
        let name = directory.shellQuoted()
        switch error {
        case 0: return nil
        case ENOENT: return "\(name) does not exist; make it first, or name another"
        case ENOTDIR: return "\(name) is not a directory, or is below a file"
        case EACCES: return "you may not enter \(name)"
        case ELOOP: return "\(name) is a circle of links"
        case ENAMETOOLONG: return "\(name) is longer than the longest path of Linux"
        default: return "\(name) cannot be entered: \(SystemError.text(error))"
        }
    }
}
