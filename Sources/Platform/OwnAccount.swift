import Glibc

/// What the user database knows of the user that this process runs as.
public struct OwnAccount: Sendable, Equatable {
    public var name: String
    public var home: String?
    public var shell: String?

    public init(name: String, home: String?, shell: String?) {
        self.name = name
        self.home = home
        self.shell = shell
    }

    /// Nil for a number that has no entry, as in some containers.
    public static func look() -> OwnAccount? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var room = [CChar](repeating: 0, count: 4096)
        var error = getpwuid_r(geteuid(), &entry, &room, room.count, &found)
        while error == ERANGE, room.count < 1 << 20 {
            room = [CChar](repeating: 0, count: room.count * 4)
            error = getpwuid_r(geteuid(), &entry, &room, room.count, &found)
        }
        guard error == 0, found != nil, let name = text(entry.pw_name) else { return nil }
        return OwnAccount(
            name: name, home: text(entry.pw_dir).flatMap { $0.hasPrefix("/") ? $0 : nil }, shell: text(entry.pw_shell))
    }

    private static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String? {
        guard let pointer, pointer.pointee != 0 else { return nil }
        return String(cString: pointer)
    }

    /// HOME, USER, LOGNAME and SHELL as processes of this user find them: the home and the shell that the environment says, or else
    /// the account's; and always the name that the account has.
    public static func variables(_ environment: Environment, _ account: @autoclosure () -> OwnAccount?) -> [(String, String)] {
        let account = account()
        let name = account?.name ?? environment[.user] ?? environment[.logName]
        let values: [(Variable, String?)] = [
            (.home, environment.directory(.home) ?? account?.home), (.user, name), (.logName, name),
            (.shell, environment[.shell] ?? account?.shell),
        ]
        return values.compactMap { variable, value in value.map { (variable.rawValue, $0) } }
    }
}
