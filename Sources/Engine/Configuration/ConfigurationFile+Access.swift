import Scheduling
import Settings
import TOMLKit

extension ConfigurationFile.Section {
    /// The number of a user, given as it is or by name.
    func user(_ key: String) -> UInt32? {
        value(key, "a user's name or number") { value in
            value.int.flatMap { UInt32(exactly: $0) } ?? value.string.flatMap { UserDatabase.user($0)?.uid }
        }
    }

    /// A list of users and of groups, the latter with `@` before their names; numbers do as well.
    func access(_ key: String) -> PoolAccess? {
        guard let names = strings(key) else { return nil }
        var access = PoolAccess(names: names, users: [], groups: [])
        for name in names {
            if name.hasPrefix("@") {
                let group = String(name.dropFirst())
                guard let gid = UInt32(group) ?? UserDatabase.group(group) else {
                    fault(key, "there is no group \"\(group)\"")
                    continue
                }
                access.groups.insert(gid)
            } else if let uid = UInt32(name) ?? UserDatabase.user(name)?.uid {
                access.users.insert(uid)
            } else {
                let isGroup = UserDatabase.group(name) != nil
                fault(key, "there is no user \"\(name)\"\(isGroup ? "; the group is written \"@\(name)\"" : "")")
            }
        }
        return access
    }
}
