import Platform

/// The names of users, each asked for once: a directory service may take its time.
final class UserNames {
    private var known: [UInt32: String?] = [:]

    func name(_ user: UInt32) -> String? {
        if let name = known[user] { return name }
        let name = OwnAccount.name(of: user)
        known[user] = .some(name)
        return name
    }
}
