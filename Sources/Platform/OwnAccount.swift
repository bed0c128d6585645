import Glibc
import Text

/// What the user database knows of the user that this process runs as.
public struct OwnAccount: Sendable, Equatable {
    public var name: ByteString
    public var home: ByteString?
    public var shell: ByteString?

    /// Nil for a number that has no entry, as in some containers.
    public static func look() -> OwnAccount? { account(of: geteuid()) }

    /// What a user is called.
    public static func name(of user: UInt32) -> String? { account(of: user)?.name.lossy }

    private static func account(of user: uid_t) -> OwnAccount? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var room = [CChar](repeating: 0, count: 4096)
        var error = getpwuid_r(user, &entry, &room, room.count, &found)
        while error == ERANGE, room.count < 1 << 20 {
            room = [CChar](repeating: 0, count: room.count * 4)
            error = getpwuid_r(user, &entry, &room, room.count, &found)
        }
        guard error == 0, found != nil, let name = string(entry.pw_name) else { return nil }
        return OwnAccount(
            name: name, home: string(entry.pw_dir).flatMap { $0.hasPrefix("/") ? $0 : nil }, shell: string(entry.pw_shell))
    }

    private static func string(_ pointer: UnsafeMutablePointer<CChar>?) -> ByteString? {
        guard let pointer, pointer.pointee != 0 else { return nil }
        return ByteString(cString: pointer)
    }

    /// HOME, USER, LOGNAME and SHELL as processes of this user find them: the home and the shell that the environment says, or else
    /// the account's; and always the name that the account has.
    public static func variables(_ environment: Environment, _ account: @autoclosure () -> OwnAccount?) -> [(
        name: ByteString, value: ByteString
    )] {
        let account = account()
        let name = account?.name ?? environment.bytes(.user) ?? environment.bytes(.logName)
        let values: [(Variable, ByteString?)] = [
            (.home, environment.directory(.home) ?? account?.home), (.user, name), (.logName, name),
            (.shell, environment.bytes(.shell) ?? account?.shell),
        ]
        return values.compactMap { variable, value in value.map { (ByteString(variable.rawValue), $0) } }
    }
}
