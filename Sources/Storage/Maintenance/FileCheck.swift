import Foundation

/// Looks at a database file before SQLite does, which would take a file of zeros for a new database and fill it.
enum FileCheck {
    /// - Throws: ``StorageError`` for a file that is not one of orchd's, or is shorter than it says.
    static func inspect(_ path: String) throws(StorageError) {
        let log = (try? FileManager.default.attributesOfItem(atPath: path + "-wal"))?[.size] as? Int ?? 0
        guard let handle = FileHandle(forReadingAtPath: path) else {
            // SQLite would remove a log whose database is not there, and with it the last of what was committed.
            guard log == 0 || FileManager.default.fileExists(atPath: path) else {
                throw .damaged(path, "it is gone, and its log \(path)-wal is still there")
            }
            return
        }
        defer { try? handle.close() }
        guard let size = try? handle.seekToEnd(), (try? handle.seek(toOffset: 0)) != nil else {
            throw StorageError(.failed, "cannot read the database \(path)")
        }
        guard let header = try? handle.read(upToCount: 107), header.count == 107,
            header.prefix(16) == Data("SQLite format 3\0".utf8)
        else { throw .damaged(path, size == 0 ? "it is empty" : "it does not begin as a database does") }
        // Offsets from sqlite.org/fileformat2.html, section 1.3.
        let application = header.bigEndian(at: 68)
        // The first orchds made their tables in the log: until that is moved, the file has no application id, and no cell in the
        // page of the schema either. What the log says is looked at when it is open.
        let isInLog =
            log > 0 && application == 0 && header[header.startIndex + 100] == leafPage && header.bigEndian(at: 103) >> 16 == 0
        guard application == UInt32(bitPattern: Schema.applicationID) || isInLog else { throw .foreign(path) }
        let version = SchemaVersion(userVersion: Int(header.bigEndian(at: 60)))
        guard version.isReadable(by: Schema.version) else { throw .newer(path, version) }
        let stored = Int(header.bigEndian(at: 16) >> 16)
        let pageSize = UInt64(stored == 1 ? 65_536 : stored)
        let pages = UInt64(header.bigEndian(at: 28))
        // The pages that a log still holds need not be in the file.
        guard log > 0 || size >= pageSize * pages else {
            throw .damaged(path, "it has \(size) bytes but its header says \(pageSize * pages)")
        }
    }

    /// The kind of B-tree page that the schema of an empty database is (sqlite.org/fileformat2.html, section 1.6).
    private static let leafPage: UInt8 = 13
}

extension Data {
    fileprivate func bigEndian(at offset: Int) -> UInt32 {
        self[startIndex + offset..<startIndex + offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
