import Foundation

/// Looks at a database file before SQLite does, which would take a file of zeros for a new database and fill it.
enum FileCheck {
    /// - Throws: ``StorageError`` for a file that is not one of orchd's, or is shorter than it says.
    static func inspect(_ path: String) throws(StorageError) {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            // SQLite would remove a log whose database is not there, and with it the last of what was committed.
            let log = (try? FileManager.default.attributesOfItem(atPath: path + "-wal"))?[.size] as? Int ?? 0
            guard log == 0 || FileManager.default.fileExists(atPath: path) else {
                throw .damaged(path, "it is gone, and its log \(path)-wal is still there")
            }
            return
        }
        defer { try? handle.close() }
        guard let size = try? handle.seekToEnd(), (try? handle.seek(toOffset: 0)) != nil else {
            throw StorageError(.failed, "cannot read the database \(path)")
        }
        guard let header = try? handle.read(upToCount: 100), header.count == 100,
            header.prefix(16) == Data("SQLite format 3\0".utf8)
        else { throw .damaged(path, size == 0 ? "it is empty" : "it does not begin like a database") }
        // Offsets from sqlite.org/fileformat2.html, section 1.3.
        guard header.bigEndian(at: 68) == UInt32(bitPattern: Schema.applicationID) else { throw .foreign(path) }
        let version = SchemaVersion(userVersion: Int(header.bigEndian(at: 60)))
        guard version.isReadable(by: Schema.version) else { throw .newer(path, version) }
        let stored = Int(header.bigEndian(at: 16) >> 16)
        let pageSize = UInt64(stored == 1 ? 65_536 : stored)
        let pages = UInt64(header.bigEndian(at: 28))
        // The pages that a WAL still holds need not be in the file.
        let hasLog = FileManager.default.fileExists(atPath: path + "-wal")
        guard hasLog || size >= pageSize * pages else {
            throw .damaged(path, "it has \(size) bytes where its header tells of \(pageSize * pages)")
        }
    }
}

extension Data {
    fileprivate func bigEndian(at offset: Int) -> UInt32 {
        self[startIndex + offset..<startIndex + offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
