/// Where the directories of attempts are below the supervisor's work directory, for an engine that has to name them ahead.
public enum WorkspacePaths {
    /// The file in a workspace that `ORCH_RESULT_FILE` names.
    public static let resultName = ".orch-result"
    /// The directory in a workspace that `ORCH_RESULT_DIR` names.
    public static let resultDirectoryName = ".orch-results"

    /// What no result file may be called: the engine keeps beside them what was not kept.
    public static let leftName = ".orch-left"

    /// The directory in a workspace for the files of a task that does not start in the workspace itself. `ORCH_FILES` names it.
    public static let filesName = ".orch-files"

    /// The git worktree in a workspace.
    public static let treeName = "tree"

    /// The branch of the git worktree of an attempt, like `orchd/42-1`, where its order names none.
    public static func branch(of name: String) -> String {
        "orchd/" + String(name.map { $0 == "." ? "-" : $0 })
    }

    /// The directory in the work directory with the workspaces of a pool, or of one of its users: `claude`, `claude.1000`. No name
    /// of a pool has a dot in it.
    ///
    /// - Parameter user: the user of the attempts, if they run as their submitter.
    public static func folder(pool: String, user: UInt32?) -> String { user.map { "\(pool).\($0)" } ?? pool }

    /// The pool whose folder it is.
    public static func pool(ofFolder folder: String) -> String { String(folder.prefix { $0 != "." }) }

    public static func workspace(in root: String, folder: String, name: String) -> String { "\(root)/\(folder)/\(name)" }
}
