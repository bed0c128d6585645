import Foundation
import GRDBSQLite
import Text

/// What can stand in a column. Text is bound and read by its length, so that a NUL in it is a character like others.
protocol SQLValue: SendableMetatype {
    /// - Returns: an SQLite result code.
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32
    /// Nil where the column holds something else.
    init?(_ statement: OpaquePointer, column: Int32)
}

/// Tells SQLite to copy what is bound (sqlite.org/c3ref/c_static.html).
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension SQLValue where Self: FixedWidthInteger {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }

    init?(_ statement: OpaquePointer, column: Int32) {
        guard sqlite3_column_type(statement, column) == SQLITE_INTEGER else { return nil }
        self.init(exactly: sqlite3_column_int64(statement, column))
    }
}

extension Int64: SQLValue {}
extension Int: SQLValue {}
extension Int32: SQLValue {}
extension UInt32: SQLValue {}

extension Bool: SQLValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, self ? 1 : 0) }

    init?(_ statement: OpaquePointer, column: Int32) {
        guard let value = Int64(statement, column: column) else { return nil }
        self = value != 0
    }
}

extension String: SQLValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { bytes in
            // A null pointer, which an empty buffer may have, would bind NULL.
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.isEmpty
                    ? sqlite3_bind_text(statement, index, "", 0, transient)
                    : sqlite3_bind_text64(
                        statement, index, characters.baseAddress, UInt64(characters.count), transient, UInt8(SQLITE_UTF8))
            }
        }
    }

    init?(_ statement: OpaquePointer, column: Int32) {
        guard let bytes = textBytes(statement, column) else { return nil }
        self = String(decoding: bytes, as: UTF8.self)
    }
}

private func textBytes(_ statement: OpaquePointer, _ column: Int32) -> UnsafeBufferPointer<UInt8>? {
    guard sqlite3_column_type(statement, column) == SQLITE_TEXT, let start = sqlite3_column_text(statement, column) else {
        return nil
    }
    return UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
}

/// In a column of text, whatever it is: SQLite looks at no byte of it.
extension ByteString: SQLValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        withCString { sqlite3_bind_text64(statement, index, $0, UInt64(count), transient, UInt8(SQLITE_UTF8)) }
    }

    init?(_ statement: OpaquePointer, column: Int32) {
        guard let bytes = textBytes(statement, column) else { return nil }
        self.init(bytes)
    }
}

extension Data: SQLValue {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        guard !isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
        return withUnsafeBytes { sqlite3_bind_blob64(statement, index, $0.baseAddress, UInt64($0.count), transient) }
    }

    init?(_ statement: OpaquePointer, column: Int32) {
        guard sqlite3_column_type(statement, column) == SQLITE_BLOB else { return nil }
        // An empty BLOB has no address.
        let start = sqlite3_column_blob(statement, column)
        self = start.map { Data(bytes: $0, count: Int(sqlite3_column_bytes(statement, column))) } ?? Data()
    }
}
