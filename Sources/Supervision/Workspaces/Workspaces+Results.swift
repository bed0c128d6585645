import CLinux
import Glibc
import SupervisorLink

/// What an attempt has left for whoever asked for it: only what its user owns, opened with the rights of that user.
///
/// That is why hard links are no way to other files, and are taken as the files they are: whoever owns a file may read it, under
/// whatever name.
extension Workspaces {
    /// Whether there is anything to hand over, or to tell of.
    func hasResults(folder: String, name: String) -> Bool {
        if openResult(folder: folder, name: name) != nil { return true }
        return openResults(folder: folder, name: name).map { !linux_holds_only($0.descriptor.number, nil) } ?? false
    }

    /// The result file, if it is a file, not empty, and the user's own.
    func openResult(folder: String, name: String) -> OwnedDescriptor? {
        guard let (file, owner) = open(WorkspacePaths.resultName, ResultDirectory.fileFlags, folder: folder, name: name) else {
            return nil
        }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_size > 0, ResultDirectory.reason(status, owner) == nil else {
            return nil
        }
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
    ) -> (file: OwnedDescriptor, owner: uid_t)? {
        let place = Int32(LINUX_O_PATH) | O_DIRECTORY | O_NOFOLLOW
        var status = stat()
        guard let parent = try? OwnedDescriptor(opening: folder, in: directory, place), fstat(parent.number, &status) == 0
        else { return nil }
        return asFileUser(status.st_uid) {
            guard let workspace = try? OwnedDescriptor(opening: workspace, in: parent, place),
                let file = try? OwnedDescriptor(opening: name, in: workspace, flags)
            else { return nil }
            return (file, status.st_uid)
        }
    }
}
