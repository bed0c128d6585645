import GRDB
import OrchProtocol

/// Files that came with tasks.
extension SQLiteStore {
    /// Those of all tasks that there are, and whose they are.
    package func submittedFiles() throws -> [(submitter: UInt32, files: KeptFiles)] {
        try read { db in
            try db.rows("SELECT submitter, files FROM task INDEXED BY task_files WHERE files IS NOT NULL", []) {
                (try $0.next(), try JSONColumn.read($0.next(String.self), "files that are not JSON"))
            }
        }
    }
}
