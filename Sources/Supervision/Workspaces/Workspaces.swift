import CLinux
import Glibc
import Platform
import SupervisorLink

/// The directories of attempts: `FOLDER/NAME` below the work directory, see ``WorkspacePaths``. A folder belongs to the user whose
/// attempts work in it, who makes and fills what is there; root only ever removes an empty directory, or opens a file as that user.
final class Workspaces {
    private struct Folder {
        let directory: Descriptor
        let owner: uid_t
    }

    private static let resultsName = WorkspacePaths.resultDirectoryName

    let path: String
    let directory: Descriptor
    private var folders: [String: Folder] = [:]
    /// The folders of each pool that are not the pool's, but one user's.
    private var usersFolders: [String: Set<String>] = [:]
    /// Names of workspaces of each folder with nothing in them but the empty directory for results. ext4 does not use an inode again within five seconds, and looks at all that were
    /// removed within that time whenever it makes one: making and removing a directory per attempt halves the rate of short
    /// ones, a rename costs next to nothing.
    private var spares: [String: [String]] = [:]
    private static let maximumSpares = 16

    init(_ path: String) throws(SystemError) {
        self.path = path
        // Users of pools must pass through it, and have no business to list it.
        let isNew = mkdir(path, 0o700) == 0
        guard isNew || errno == EEXIST else { throw SystemError("make the directory \(path)") }
        directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        if isNew, geteuid() == 0, fchmod(directory.number, 0o711) != 0 { throw SystemError("change the mode of \(path)") }
        for folder in directoryNames(in: directory) { note(folder) }
    }

    private func note(_ folder: String) {
        let pool = WorkspacePaths.pool(ofFolder: folder)
        if folder != pool { usersFolders[pool, default: []].insert(folder) }
    }

    /// All folders in which there may be workspaces of a pool: it may have had a user of its own before, or have one now.
    func folders(of pool: String) -> [String] { [pool] + usersFolders[pool, default: []] }

    func path(folder: String, name: String) -> String { WorkspacePaths.workspace(in: path, folder: folder, name: name) }

    /// Makes a folder, once.
    func prepare(_ folder: String, for identity: Identity?) throws(SystemError) {
        guard folders[folder] == nil else { return }
        guard mkdirat(directory.number, folder, 0o700) == 0 || errno == EEXIST else {
            throw SystemError("make the directory \(folder)")
        }
        note(folder)
        let made = try Descriptor(opening: folder, in: directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        if let identity, geteuid() == 0 {
            try Self.give(made, to: identity.user)
        } else {
            guard fchmod(made.number, 0o700) == 0 else { throw SystemError("change the mode of \(folder)") }
        }
        folders[folder] = Folder(directory: made, owner: try made.status("look at \(folder)").st_uid)
    }

    /// Whose it is; nil if there is none.
    func owner(of folder: String) -> uid_t? {
        var status = stat()
        return fstatat(directory.number, folder, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_uid : nil
    }

    /// Makes it the user's directory, in which root can remove an empty workspace as a member of its group: that takes no
    /// capability, where CAP_DAC_OVERRIDE would open everything.
    private static func give(_ directory: Descriptor, to user: UInt32) throws(SystemError) {
        let status = try directory.status("look at the directory of workspaces")
        // Running attempts may be in it, so it is left alone where it is right.
        if status.st_uid == user, status.st_gid == 0, status.st_mode & 0o7777 == 0o770 { return }
        // Taken back first, because CAP_FOWNER is another one to do without.
        guard fchown(directory.number, 0, 0) == 0, fchmod(directory.number, 0o770) == 0,
            fchown(directory.number, user, 0) == 0
        else { throw SystemError("change the owner of the directory of workspaces") }
    }

    /// Looks again at a folder next time: somebody seems to have removed it.
    func forget(_ folder: String) {
        removeSpares(of: folder)
        folders[folder] = nil
    }

    /// Looks again at all of them: they may belong to others now.
    func forgetAll() { for folder in Array(folders.keys) { forget(folder) } }

    /// Keeps a workspace that was not touched for the next attempt there. False if it is gone, or must not be used again.
    func keepIfPristine(folder name: String, name workspace: String) -> Bool {
        guard spares[name, default: []].count < Self.maximumSpares, let folder = folders[name] else { return false }
        let isPristine = asFileUser(folder.owner) {
            guard let directory = try? Self.list(workspace, in: folder.directory),
                linux_is_pristine_directory(directory.number, folder.owner, 4096, Self.resultsName),
                let results = try? Self.list(Self.resultsName, in: directory)
            else { return false }
            return linux_is_pristine_directory(results.number, folder.owner, 4096, nil)
        }
        if isPristine { spares[name, default: []].append(workspace) }
        return isPristine
    }

    /// Gives a kept workspace a new name. False if there is none: the child then makes one.
    func reuse(folder name: String, as workspace: String) -> Bool {
        guard let folder = folders[name] else { return false }
        while let spare = spares[name]?.popLast() {
            if linux_rename_new(folder.directory.number, spare, workspace) == 0 { return true }
            Self.remove(spare, of: folder)
        }
        return false
    }

    /// One that is about to be removed must not be used again meanwhile.
    func forgetSpare(folder: String, name: String) { spares[folder]?.removeAll { $0 == name } }

    /// The names of all in a folder, without those that are kept.
    func names(in folder: String) -> [String] {
        let place = Int32(LINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW
        guard let parent = try? Descriptor(opening: folder, in: directory, place) else { return [] }
        let kept = Set(spares[folder, default: []])
        return directoryNames(in: parent).filter { !kept.contains($0) }
    }

    /// Removes all that are kept.
    func removeSpares() { for folder in Array(spares.keys) { removeSpares(of: folder) } }

    private func removeSpares(of name: String) {
        guard let folder = folders[name], let names = spares.removeValue(forKey: name) else { return }
        for name in names { Self.remove(name, of: folder) }
    }

    /// Removes the workspace if nothing is in it.
    func removeIfEmpty(folder: String, name: String) -> Bool {
        folders[folder].map { Self.remove(name, of: $0) } ?? false
    }

    @discardableResult
    private static func remove(_ name: String, of folder: Folder) -> Bool {
        asFileUser(folder.owner) {
            if unlinkat(folder.directory.number, name, AT_REMOVEDIR) == 0 { return true }
            guard let workspace = try? list(name, in: folder.directory), linux_holds_only(workspace.number, resultsName),
                unlinkat(workspace.number, resultsName, AT_REMOVEDIR) == 0
            else { return false }
            return unlinkat(folder.directory.number, name, AT_REMOVEDIR) == 0
        }
    }

    private static func list(_ name: String, in parent: Descriptor) throws(SystemError) -> Descriptor {
        try Descriptor(opening: name, in: parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Whether there may be a workspace to remove.
    func exists(folder: String, name: String) -> Bool {
        var status = stat()
        return fstatat(directory.number, "\(folder)/\(name)", &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT
    }

    // MARK: Results
    // The results that an attempt has left: only what its user owns, opened with the rights of that user.
    //
    // So hard links give no access to other files, and count as the files that they are: the owner of a file may read it, under
    // whatever name.

    /// Whether there is anything to hand over, or to report.
    func hasResults(folder: String, name: String) -> Bool {
        if openResult(folder: folder, name: name) != nil { return true }
        return openResults(folder: folder, name: name).map { !linux_holds_only($0.descriptor.number, nil) } ?? false
    }

    /// The result file, if it is a file, not empty, and the user's own.
    func openResult(folder: String, name: String) -> Descriptor? {
        guard let (file, owner) = open(WorkspacePaths.resultName, ResultDirectory.fileFlags, folder: folder, name: name),
            let status = try? file.status(), status.st_size > 0, ResultDirectory.reason(status, owner) == nil
        else { return nil }
        return file
    }

    /// The result directory.
    func openResults(folder: String, name: String) -> ResultDirectory? {
        open(WorkspacePaths.resultDirectoryName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, folder: folder, name: name).map {
            ResultDirectory(descriptor: $0.file, owner: $0.owner)
        }
    }

    /// Step by step: the user may have put a link in place of a directory.
    private func open(
        _ name: String, _ flags: Int32, folder: String, name workspace: String
    ) -> (file: Descriptor, owner: uid_t)? {
        let place = Int32(LINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW
        guard let parent = try? Descriptor(opening: folder, in: directory, place), let status = try? parent.status() else {
            return nil
        }
        return asFileUser(status.st_uid) {
            guard let workspace = try? Descriptor(opening: workspace, in: parent, place),
                let file = try? Descriptor(opening: name, in: workspace, flags)
            else { return nil }
            return (file, status.st_uid)
        }
    }
}
