import Glibc

extension Policy {
    /// Reads a policy file. Where root relies on it, nobody else may be able to write it.
    static func load(_ path: String) throws(StartFailure) -> Policy {
        guard let file = try? OwnedDescriptor(opening: path, O_RDONLY | O_NONBLOCK) else {
            throw StartFailure(message: "the policy \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw StartFailure(message: "the policy \(path) is not a file")
        }
        if geteuid() == 0, status.st_uid != 0 || status.st_mode & 0o022 != 0 {
            throw StartFailure(message: "the policy \(path) must belong to root, and nobody else may write it")
        }
        guard let bytes = SmallFile.read(file, limit: maximumSize), let text = String(validating: bytes, as: UTF8.self) else {
            throw StartFailure(message: "the policy \(path) is too large, or is not UTF-8")
        }
        do throws(Policy.Invalid) {
            return try Policy(parsing: text)
        } catch {
            throw StartFailure(message: "the policy \(path), line \(error.line): \(error.reason)")
        }
    }
}
