import CLinux
import Glibc
import SupervisorLink

/// What an attempt has left for whoever asked for it: only this process can open it, and only what the pool's user owns.
///
/// That is why hard links are no way to other files, and are taken as the files they are: whoever owns a file may read it, under
/// whatever name.
extension Workspaces {
    /// Whether there is anything to hand over, or to tell of.
    func hasResults(pool: String, name: String) -> Bool {
        if openResult(pool: pool, name: name) != nil { return true }
        return openResults(pool: pool, name: name).map { !linux_holds_only($0.descriptor.number, nil) } ?? false
    }

    /// The result file, if it is a file, not empty, and the user's own.
    func openResult(pool: String, name: String) -> OwnedDescriptor? {
        guard let (workspace, owner) = open(pool: pool, name: name),
            let file = try? OwnedDescriptor(opening: WorkspacePaths.resultName, in: workspace, ResultDirectory.fileFlags)
        else { return nil }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_size > 0, ResultDirectory.reason(status, owner) == nil else {
            return nil
        }
        return file
    }

    /// The result directory.
    func openResults(pool: String, name: String) -> ResultDirectory? {
        guard let (workspace, owner) = open(pool: pool, name: name),
            let directory = try? OwnedDescriptor(
                opening: WorkspacePaths.resultDirectoryName, in: workspace, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        else { return nil }
        return ResultDirectory(descriptor: directory, owner: owner)
    }

    /// Step by step: the user may have put a link in place of a directory.
    private func open(pool: String, name: String) -> (workspace: OwnedDescriptor, owner: uid_t)? {
        var owner = stat()
        guard let parent = try? OwnedDescriptor(opening: pool, in: directory, Int32(LINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW),
            let workspace = try? OwnedDescriptor(opening: name, in: parent, Int32(LINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW),
            fstat(parent.number, &owner) == 0
        else { return nil }
        return (workspace, owner.st_uid)
    }
}
