import GRDB

/// Why the store could not be opened, read or written.
public struct StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// No space is left, or a quota is used up. Nothing was changed; it heals by itself once there is space.
        case full
        /// Reading or writing failed. Nothing was changed.
        case failed
        /// The file is not a database of orchd, or is damaged. It has not been touched.
        case damaged
        /// The file was written by a newer orchd. It has not been touched.
        case newer
    }

    public var code: Code
    /// What happened, to which file, and what to do.
    public var description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// What to do about a damaged database.
    static let wayOut = "Restore a backup (orchd restore FILE), or move it and its -wal file away to start with an empty queue"

    static func newer(_ path: String, _ version: SchemaVersion) -> StorageError {
        StorageError(
            .newer,
            """
            the database \(path) was written by a newer orchd (version \(version.version) of its tables, which takes a program \
            that knows version \(version.oldestReader); this one knows \(Schema.version)); it was left as it is. Install that \
            orchd again, or restore an older backup (orchd restore FILE)
            """)
    }

    static func damaged(_ path: String, _ what: String) -> StorageError {
        StorageError(.damaged, "the database \(path) is damaged: \(what). It was left as it is. \(wayOut)")
    }

    static func foreign(_ path: String) -> StorageError {
        StorageError(.damaged, "the file \(path) is a database of another program; it was left as it is")
    }

    init(_ error: DatabaseError, path: String) {
        let detail = error.message ?? "no details"
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.full, "no space is left for the database \(path); nothing was changed")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_MISMATCH:
            self.init(
                .damaged,
                """
                the database \(path) is damaged (\(detail)); it was left as it is. \
                \(Self.wayOut)
                """)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            self.init(.failed, "cannot open or write the database \(path): \(detail); check the permissions of its directory")
        default:
            self.init(
                .failed,
                "the database \(path) cannot be read or written: \(detail) (SQLite code \(error.extendedResultCode.rawValue))")
        }
    }
}

/// Runs a body and turns GRDB's errors into those of the store; other errors pass.
func translatingErrors<T>(of path: String, _ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch let error as DatabaseError {
        throw StorageError(error, path: path)
    }
}
