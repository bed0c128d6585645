import Glibc
import Scheduling
import SupervisorLink

/// Whom attempts run as. The supervisor decides that, but the directory in which their workspaces are belongs to that user.
struct TaskUsers: Sendable {
    let configuration: CurrentConfiguration

    /// The uid of the attempts of a pool; nil if none has been started there yet.
    func user(pool name: String, submitter: UInt32?) -> UInt32? {
        let configuration = configuration.value
        guard let root = configuration.workDirectory, let pool = configuration.pool(name) else { return nil }
        if pool.settings.runsAsSubmitter { return submitter }
        var status = stat()
        guard stat("\(root)/\(WorkspacePaths.folder(pool: name, user: nil))", &status) == 0 else { return nil }
        return status.st_uid
    }
}
