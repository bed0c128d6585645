import CLinux
import Glibc
import SupervisorLink

/// The directories of attempts: `POOL/NAME` below the work directory. A pool's directory belongs to its user, who makes and fills
/// what is in it; root only ever removes an empty directory there, or opens a file without following a link.
final class Workspaces {
    private struct Pool {
        let directory: OwnedDescriptor
        let owner: uid_t
    }

    private static let resultsName = WorkspacePaths.resultDirectoryName

    let path: String
    let directory: OwnedDescriptor
    private var pools: [String: Pool] = [:]
    /// Names of workspaces of each pool with nothing in them but the empty directory for results. ext4 does not use an inode again within five seconds, and looks at all that were
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
        var status = stat()
        guard fstat(made.number, &status) == 0 else { throw SystemError("fstat \(pool)") }
        pools[pool] = Pool(directory: made, owner: status.st_uid)
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

    /// Keeps a workspace that was not touched for the next attempt of its pool. False if it is gone, or must not be used again.
    func keepIfPristine(pool name: String, name workspace: String) -> Bool {
        guard spares[name, default: []].count < Self.maximumSpares, let pool = pools[name],
            let directory = try? Self.list(workspace, in: pool.directory),
            linux_is_pristine_directory(directory.number, pool.owner, 4096, Self.resultsName),
            let results = try? Self.list(Self.resultsName, in: directory),
            linux_is_pristine_directory(results.number, pool.owner, 4096, nil)
        else { return false }
        spares[name, default: []].append(workspace)
        return true
    }

    /// Gives a kept workspace a new name. False if there is none: the child then makes one.
    func reuse(pool name: String, as workspace: String) -> Bool {
        guard let pool = pools[name] else { return false }
        while let spare = spares[name]?.popLast() {
            if linux_rename_new(pool.directory.number, spare, workspace) == 0 { return true }
            Self.remove(spare, of: pool)
        }
        return false
    }

    /// One that is about to be removed must not be used again meanwhile.
    func forgetSpare(pool: String, name: String) { spares[pool]?.removeAll { $0 == name } }

    /// The names of all in a pool, without those that are kept.
    func names(in pool: String) -> [String] {
        let place = Int32(LINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW
        guard let parent = try? OwnedDescriptor(opening: pool, in: directory, place) else { return [] }
        let kept = Set(spares[pool, default: []])
        return directoryNames(in: parent).filter { !kept.contains($0) }
    }

    /// Removes all that are kept.
    func removeSpares() { for pool in Array(spares.keys) { removeSpares(of: pool) } }

    private func removeSpares(of name: String) {
        guard let pool = pools[name], let names = spares.removeValue(forKey: name) else { return }
        for name in names { Self.remove(name, of: pool) }
    }

    /// Removes the workspace if nothing is in it.
    func removeIfEmpty(pool: String, name: String) -> Bool { pools[pool].map { Self.remove(name, of: $0) } ?? false }

    @discardableResult
    private static func remove(_ name: String, of pool: Pool) -> Bool {
        if unlinkat(pool.directory.number, name, AT_REMOVEDIR) == 0 { return true }
        guard let workspace = try? list(name, in: pool.directory), linux_holds_only(workspace.number, resultsName) else {
            return false
        }
        // What is in a workspace only its user may remove.
        _ = linux_remove_directory_as(pool.owner, workspace.number, resultsName)
        return unlinkat(pool.directory.number, name, AT_REMOVEDIR) == 0
    }

    private static func list(_ name: String, in parent: OwnedDescriptor) throws(SystemError) -> OwnedDescriptor {
        try OwnedDescriptor(opening: name, in: parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Whether there may be a workspace to remove.
    func exists(pool: String, name: String) -> Bool {
        var status = stat()
        return fstatat(directory.number, "\(pool)/\(name)", &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT
    }
}
