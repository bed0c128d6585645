import Glibc
import Synchronization

/// What a user's processes expect in their environment. Looked up once for each, since that may mean asking a server.
final class Accounts: Sendable {
    private let known = Mutex<[UInt32: [String: String]]>([:])

    /// `HOME`, `USER`, `LOGNAME` and `SHELL`; none for a user that has no account (any more).
    func variables(of user: UInt32) -> [String: String] {
        known.withLock { known in
            if let variables = known[user] { return variables }
            let variables = Self.lookUp(user)
            // Somebody may get an account, but nobody's changes under a running task.
            if !variables.isEmpty { known[user] = variables }
            return variables
        }
    }

    func forget() { known.withLock { $0 = [:] } }

    private static func lookUp(_ user: UInt32) -> [String: String] {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var text = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(user, &entry, &text, text.count, &found) == 0, found != nil, let name = entry.pw_name,
            let home = entry.pw_dir, let shell = entry.pw_shell
        else { return [:] }
        let (account, login) = (String(cString: name), String(cString: shell))
        return ["HOME": String(cString: home), "USER": account, "LOGNAME": account, "SHELL": login]
    }
}
