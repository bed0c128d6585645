import Foundation

/// Looks at a database file before SQLite does, which would take a file of zeros for a new database and fill it.
enum FileCheck {
    /// - Throws: ``StorageError`` for a file that is not one of orchd's, or is shorter than it says.
    static func inspect(_ path: String) throws(StorageError) {
        guard let handle = FileHandle(forReadingAtPath: path) else { return }
        defer { try? handle.close() }
        guard let size = try? handle.seekToEnd(), (try? handle.seek(toOffset: 0)) != nil else {
            throw StorageError(.failed, "cannot read the database \(path)")
        }
        // SQLite makes an empty file first; what is in the WAL beside it, if anything, is then all there is.
        guard size > 0 else { return }
        guard let header = try? handle.read(upToCount: 107), header.count == 107,
            header.prefix(16) == Data("SQLite format 3\0".utf8)
        else { throw damaged(path, "it does not begin like a database") }
        // Offsets from sqlite.org/fileformat2.html, section 1.3.
        let application = header.bigEndian(at: 68)
        // Until its tables are made, and for as long as they are only in the WAL, ours has no application id, and no cell in the
        // page of the schema either. Most other programs never set one.
        let isEmpty = application == 0 && header[header.startIndex + 100] == leafPage && header.bigEndian(at: 103) >> 16 == 0
        guard application == UInt32(bitPattern: Schema.applicationID) || isEmpty else { throw .foreign(path) }
        let version = Int(header.bigEndian(at: 60))
        guard version <= Schema.version else { throw .newer(path, version: version) }
        let stored = Int(header.bigEndian(at: 16) >> 16)
        let pageSize = UInt64(stored == 1 ? 65_536 : stored)
        let pages = UInt64(header.bigEndian(at: 28))
        // The pages that a WAL still holds need not be in the file.
        let hasLog = FileManager.default.fileExists(atPath: path + "-wal")
        guard hasLog || size >= pageSize * pages else {
            throw damaged(path, "it has \(size) bytes where its header tells of \(pageSize * pages)")
        }
    }

    /// The kind of B-tree page that the schema of an empty database is (sqlite.org/fileformat2.html, section 1.6).
    private static let leafPage: UInt8 = 13

    private static func damaged(_ path: String, _ what: String) -> StorageError {
        StorageError(
            .damaged,
            """
            the database \(path) is damaged: \(what). It was left as it is. \
            Restore a backup, or move it and its -wal file away to start with an empty queue
            """)
    }
}

extension Data {
    fileprivate func bigEndian(at offset: Int) -> UInt32 {
        self[startIndex + offset..<startIndex + offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
