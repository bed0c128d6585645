import Glibc

/// What a user's processes expect to find in their environment, as login(1) has it.
struct Account: Equatable, Sendable {
    private static let names = ["HOME", "USER", "LOGNAME", "SHELL"]

    /// `NAME=value`.
    private let variables: [String]

    /// - Parameters:
    ///   - home: nil for somebody who has none.
    ///   - shell: likewise.
    init(name: String, home: String?, shell: String?) {
        variables =
            ["USER=\(name)", "LOGNAME=\(name)"] + (home.map { ["HOME=\($0)"] } ?? []) + (shell.map { ["SHELL=\($0)"] } ?? [])
    }

    /// Whoever this process runs as, by its own environment.
    static let own = Account(
        variables: names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } })

    private init(variables: [String]) { self.variables = variables }

    /// The variables that an environment lacks.
    func missing(in environment: [String]) -> [String] {
        variables.filter { variable in
            let name = variable.utf8.prefix { $0 != UInt8(ascii: "=") }.count + 1
            return !environment.contains { $0.utf8.prefix(name).elementsEqual(variable.utf8.prefix(name)) }
        }
    }
}
