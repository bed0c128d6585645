import CLinux
import Platform
import Text

/// What a user's processes expect to find in their environment, as login(1) has it.
struct Account: Equatable, Sendable {
    /// `NAME=value`.
    private let variables: [ByteString]

    /// - Parameters:
    ///   - home: nil for somebody who has none.
    ///   - shell: likewise.
    init(name: String, home: String?, shell: String?) {
        variables =
            ["USER=\(name)", "LOGNAME=\(name)"] + (home.map { ["HOME=\($0)"] } ?? []) + (shell.map { ["SHELL=\($0)"] } ?? [])
    }

    /// The user of this process, by its own environment and the user database.
    static let own = Account(
        variables: OwnAccount.variables(.own, OwnAccount.look()).map { "\($0.name)=\($0.value)" })

    private init(variables: [ByteString]) { self.variables = variables }

    /// The variables that an environment lacks.
    func missing(in environment: [ByteString]) -> [ByteString] {
        variables.filter { variable in
            let name = variable.bytes.prefix { $0 != UInt8(ascii: "=") }.count + 1
            return !environment.contains { $0.bytes.prefix(name) == variable.bytes.prefix(name) }
        }
    }
}

/// Does something with files that has just the rights of a user, if root asks (setfsuid(2)): then no capability to read what is
/// others' is needed, and nothing that the user puts in the way leads to what is not theirs.
func asFileUser<R>(_ user: uid_t, _ body: () -> R) -> R {
    let token = linux_become_file_user(user)
    defer { linux_be_oneself(token) }
    return body()
}
