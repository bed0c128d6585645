import GRDB

/// Reads the columns of a row from left to right. It throws where a value is not what the schema says, instead of trapping.
struct Columns {
    private let row: Row
    private var index = 0

    init(_ row: Row) { self.row = row }

    mutating func next<T: DatabaseValueConvertible & StatementColumnConvertible>(_ type: T.Type = T.self) throws -> T {
        defer { index += 1 }
        return try row.decode(T.self, atIndex: index)
    }

    mutating func optional<T: DatabaseValueConvertible & StatementColumnConvertible>(
        _ type: T.Type = T.self
    ) throws -> T? {
        defer { index += 1 }
        return try row.decode(T?.self, atIndex: index)
    }

    mutating func raw<T: RawRepresentable>(_ type: T.Type = T.self) throws -> T where T.RawValue == Int {
        guard let value = T(rawValue: try next(Int.self)) else {
            throw DatabaseError(resultCode: .SQLITE_MISMATCH, message: "unknown \(T.self)")
        }
        return value
    }

    mutating func optionalRaw<T: RawRepresentable>(_ type: T.Type = T.self) throws -> T? where T.RawValue == Int {
        guard let number = try optional(Int.self) else { return nil }
        guard let value = T(rawValue: number) else {
            throw DatabaseError(resultCode: .SQLITE_MISMATCH, message: "unknown \(T.self)")
        }
        return value
    }
}

extension Database {
    /// Fetches all rows of a statement that is prepared once. For results that are known to be short.
    func rows<T>(_ sql: String, _ arguments: StatementArguments = [], _ read: (inout Columns) throws -> T) throws -> [T] {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        var result: [T] = []
        while let row = try cursor.next() {
            var columns = Columns(row)
            result.append(try read(&columns))
        }
        return result
    }

    /// Fetches row by row for as long as there are any and the body wants them; true when it wanted no more.
    func scan<T>(
        _ sql: String, _ arguments: StatementArguments, _ read: (inout Columns) throws -> T, _ body: (T) throws -> Bool
    ) throws -> Bool {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        while let row = try cursor.next() {
            var columns = Columns(row)
            guard try body(read(&columns)) else { return true }
        }
        return false
    }

    func row<T>(_ sql: String, _ arguments: StatementArguments = [], _ read: (inout Columns) throws -> T) throws -> T? {
        try rows(sql, arguments, read).first
    }

    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
