import CLinux
import Glibc
import OrchProtocol
import Scheduling

/// Who is at the other end of a connection, from the kernel.
struct Peer: Sendable {
    var uid: UInt32
    var pid: Int32
    var groups: [UInt32]

    /// - Throws: ``SystemError``.
    init(socket: Int32) throws(SystemError) {
        var credentials = linux_peer()
        let result = linux_peer_credentials(socket, &credentials)
        guard result >= 0 else { throw SystemError(-result, "ask who has connected") }
        uid = credentials.uid
        pid = credentials.pid
        var buffer = [gid_t](repeating: 0, count: 1024)
        let count = linux_peer_groups(socket, &buffer, buffer.count)
        groups = [credentials.gid] + (count > 0 ? Array(buffer.prefix(Int(count))) : [])
    }

    /// Root, the engine's own user, and members of the admin groups may do everything.
    func requester(adminGroups: Set<UInt32>) -> Requester {
        let isAdministrator = uid == 0 || uid == geteuid() || groups.contains(where: adminGroups.contains)
        return Requester(uid: uid, isAdministrator: isAdministrator, groups: groups)
    }
}
