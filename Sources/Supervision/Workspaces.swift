import CLinux
import Glibc
import SupervisorLink

/// The directories of attempts: `POOL/NAME` below the work directory. A pool's directory belongs to its user, who makes and fills
/// what is in it; root only ever removes an empty directory there, or opens a file without following a link.
final class Workspaces {
    private static let resultName = WorkspacePaths.resultName

    let path: String
    private let directory: OwnedDescriptor
    private var pools: [String: OwnedDescriptor] = [:]
    /// Names of empty workspaces of each pool. ext4 does not use an inode again within five seconds, and looks at all that were
    /// removed within that time whenever it makes one: making and removing a directory per attempt halves the rate of short
    /// ones, a rename costs next to nothing.
    private var spares: [String: [String]] = [:]
    private static let maximumSpares = 16

    init(_ path: String) throws(SystemError) {
        self.path = path
        // Users of pools must pass through it, and have no business to list it.
        let isNew = mkdir(path, 0o700) == 0
        guard isNew || errno == EEXIST else { throw SystemError("mkdir \(path)") }
        directory = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
        if isNew, geteuid() == 0, fchmod(directory.number, 0o711) != 0 { throw SystemError("chmod \(path)") }
    }

    func path(pool: String, name: String) -> String { WorkspacePaths.workspace(in: path, pool: pool, name: name) }
    func resultPath(pool: String, name: String) -> String { path(pool: pool, name: name) + "/\(Self.resultName)" }

    /// Makes the directory of a pool, once.
    func prepare(_ pool: String, for identity: Policy.Identity?) throws(SystemError) {
        guard pools[pool] == nil else { return }
        guard mkdirat(directory.number, pool, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir \(pool)") }
        let made = try OwnedDescriptor(opening: pool, in: directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        if let identity, geteuid() == 0 {
            try Self.give(made, to: identity.user)
        } else {
            guard fchmod(made.number, 0o700) == 0 else { throw SystemError("chmod \(pool)") }
        }
        pools[pool] = made
    }

    /// Makes it the user's directory, in which root can remove an empty workspace as a member of its group: that takes no
    /// capability, where CAP_DAC_OVERRIDE would open everything.
    private static func give(_ directory: OwnedDescriptor, to user: UInt32) throws(SystemError) {
        var status = stat()
        guard fstat(directory.number, &status) == 0 else { throw SystemError("fstat") }
        // Running tasks of the pool may be in it, so it is left alone where it is right.
        if status.st_uid == user, status.st_gid == 0, status.st_mode & 0o7777 == 0o770 { return }
        // Taken back first, because CAP_FOWNER is another one to do without.
        guard fchown(directory.number, 0, 0) == 0, fchmod(directory.number, 0o770) == 0,
            fchown(directory.number, user, 0) == 0
        else { throw SystemError("chown of a pool's directory") }
    }

    /// Looks again at the directory of a pool next time: somebody seems to have removed it.
    func forget(_ pool: String) {
        removeSpares(of: pool)
        pools[pool] = nil
    }

    /// Looks again at all of them: they may belong to others now.
    func forgetAll() { for pool in Array(pools.keys) { forget(pool) } }

    /// Keeps an empty workspace for the next attempt of its pool. False if it is gone, or must not be used again.
    func keepIfPristine(pool: String, name: String) -> Bool {
        guard spares[pool, default: []].count < Self.maximumSpares, let parent = pools[pool],
            let workspace = try? OwnedDescriptor(opening: name, in: parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        else { return false }
        var owner = stat()
        var status = stat()
        guard fstat(parent.number, &owner) == 0, fstat(workspace.number, &status) == 0, status.st_uid == owner.st_uid,
            status.st_mode & 0o7777 == 0o700, linux_is_pristine_directory(workspace.number, 4096)
        else { return false }
        spares[pool, default: []].append(name)
        return true
    }

    /// Gives a kept workspace a new name. False if there is none: the child then makes one.
    func reuse(pool: String, as name: String) -> Bool {
        guard let parent = pools[pool] else { return false }
        while let spare = spares[pool]?.popLast() {
            if linux_rename_new(parent.number, spare, name) == 0 { return true }
            unlinkat(parent.number, spare, AT_REMOVEDIR)
        }
        return false
    }

    /// Removes all that are kept.
    func removeSpares() { for pool in Array(spares.keys) { removeSpares(of: pool) } }

    private func removeSpares(of pool: String) {
        guard let parent = pools[pool], let names = spares.removeValue(forKey: pool) else { return }
        for name in names { unlinkat(parent.number, name, AT_REMOVEDIR) }
    }

    /// Removes the workspace if nothing is in it.
    func removeIfEmpty(pool: String, name: String) -> Bool {
        guard let parent = pools[pool] else { return false }
        return unlinkat(parent.number, name, AT_REMOVEDIR) == 0
    }

    /// Whether there may be a workspace to remove.
    func exists(pool: String, name: String) -> Bool {
        var status = stat()
        return fstatat(directory.number, "\(pool)/\(name)", &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT
    }

    /// The result file that an attempt left, if it is a file, not empty, and the user's own.
    func openResult(pool: String, name: String) -> OwnedDescriptor? {
        // Step by step: the user may have put a link in place of the directory.
        guard let parent = try? OwnedDescriptor(opening: pool, in: directory, Int32(LINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW),
            let workspace = try? OwnedDescriptor(opening: name, in: parent, Int32(LINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW),
            let file = try? OwnedDescriptor(
                opening: Self.resultName, in: workspace, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        else { return nil }
        var owner = stat()
        var status = stat()
        guard fstat(parent.number, &owner) == 0, fstat(file.number, &status) == 0 else { return nil }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0, status.st_uid == owner.st_uid else { return nil }
        return file
    }
}
