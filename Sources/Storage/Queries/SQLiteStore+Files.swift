import GRDB
import OrchProtocol

/// Files that came with tasks.
extension SQLiteStore {
    /// Bytes of those of the task that was made with the same key; 0 where there is none.
    package func submittedSize(of spec: TaskSpec, of submitter: UInt32) throws -> Int64 {
        guard let key = spec.key else { return 0 }
        let files: String? = try read { db in
            try db.value(
                "SELECT files FROM task WHERE submitter = ? AND subject = ? AND parent = 0 AND key = ?",
                [submitter, spec.subject ?? "", key])
        }
        guard let files else { return 0 }
        let kept: KeptFiles = try JSONColumn.read(files, "files that are not JSON")
        return kept.size
    }

    /// Those of all tasks that there are, and whose they are.
    package func submittedFiles() throws -> [(submitter: UInt32, files: KeptFiles)] {
        try read { db in
            try db.rows("SELECT submitter, files FROM task INDEXED BY task_files WHERE files IS NOT NULL", []) {
                (try $0.next(), try JSONColumn.read($0.next(String.self), "files that are not JSON"))
            }
        }
    }
}
