import Foundation
import GRDB
import GRDBSQLite
import OrchProtocol
import Scheduling

/// Reads the columns of a row from left to right. It throws where a value is not what the schema says, instead of trapping.
///
/// By the C interface, because GRDB makes a dictionary of the columns' names for every result, and an existential of every
/// argument more than once: together half of what a turn took.
struct Columns {
    private let statement: OpaquePointer
    private var index: Int32 = 0

    fileprivate init(_ statement: OpaquePointer) { self.statement = statement }

    mutating func next<T: SQLValue>(_ type: T.Type = T.self) throws -> T {
        defer { index += 1 }
        guard let value = T(statement, column: index) else {
            throw DatabaseError(resultCode: .SQLITE_MISMATCH, message: "column \(index) is not a \(T.self)")
        }
        return value
    }

    mutating func optional<T: SQLValue>(_ type: T.Type = T.self) throws -> T? {
        guard sqlite3_column_type(statement, index) != SQLITE_NULL else {
            index += 1
            return nil
        }
        return try next(type)
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

/// A column of a table: how it is written of what a row holds, and read back into it.
///
/// An object, because a turn goes through some hundreds of them for each task, and a structure of four parts is copied each time.
final class Column<Row>: Sendable {
    let name: String
    /// What is selected in its place where a row is read in brief.
    let inBrief: String
    /// Without an existential of each value: a turn binds some hundred of them.
    fileprivate let bind: @Sendable (Row, OpaquePointer, Int32) throws -> Int32
    let read: @Sendable (inout Row, inout Columns) throws -> Void

    init<Value: SQLValue>(
        _ name: String, inBrief: String? = nil, _ value: @escaping @Sendable (Row) throws -> Value?,
        read: @escaping @Sendable (inout Row, inout Columns) throws -> Void
    ) {
        self.name = name
        self.inBrief = inBrief ?? name
        bind = { row, statement, position in
            try value(row)?.bind(to: statement, at: position) ?? sqlite3_bind_null(statement, position)
        }
        self.read = read
    }

    /// - Parameter last: one more column, whose value is the last argument.
    static func insert(_ columns: [Column], _ last: String? = nil, into table: String) -> String {
        let names = columns.map(\.name) + (last.map { [$0] } ?? [])
        let marks = names.map { _ in "?" }.joined(separator: ", ")
        return "INSERT INTO \(table) (\(names.joined(separator: ", "))) VALUES (\(marks))"
    }

    /// Of the row whose id is the last argument.
    static func update(_ columns: [Column], of table: String) -> String {
        "UPDATE \(table) SET \(columns.map { "\($0.name) = ?" }.joined(separator: ", ")) WHERE id = ?"
    }
}

/// What is run: a statement's text, which is prepared once for a connection.
protocol Query {
    func statement(in db: Database) throws -> Statement
}

extension String: Query {
    func statement(in db: Database) throws -> Statement { try db.cachedStatement(sql: self) }
}

/// What one transaction runs for each of its tasks. The statement is looked up once, since that takes a hash of its whole text.
final class RepeatedQuery: Query {
    private let sql: String
    private var statement: Statement?

    init(_ sql: String) { self.sql = sql }

    func statement(in db: Database) throws -> Statement {
        if let statement { return statement }
        let found = try sql.statement(in: db)
        statement = found
        return found
    }
}

extension Database {
    /// Runs a statement until `body` answers false. The body must not run the same one again.
    func forEachRow(
        _ query: some Query, _ arguments: [(any SQLValue)?], _ body: (inout Columns) throws -> Bool
    ) throws {
        try withStatement(query, binding: arguments.count) { statement in
            for (index, argument) in arguments.enumerated() {
                let position = Int32(index + 1)
                try check(argument?.bind(to: statement, at: position) ?? sqlite3_bind_null(statement, position), statement)
            }
            while true {
                let code = sqlite3_step(statement)
                guard code == SQLITE_ROW else { return try check(code, statement) }
                var columns = Columns(statement)
                guard try body(&columns) else { return }
            }
        }
    }

    /// Runs a statement that has an argument for each of these columns of a row.
    ///
    /// - Parameter id: the last argument; nil if there is none.
    func run<Row>(_ query: some Query, _ columns: [Column<Row>], of row: Row, id: Int64? = nil) throws {
        try withStatement(query, binding: columns.count + (id == nil ? 0 : 1)) { statement in
            for (index, column) in columns.enumerated() {
                try check(try column.bind(row, statement, Int32(index + 1)), statement)
            }
            if let id { try check(id.bind(to: statement, at: Int32(columns.count + 1)), statement) }
            try check(sqlite3_step(statement), statement)
        }
    }

    private func withStatement(_ query: some Query, binding count: Int, _ body: (OpaquePointer) throws -> Void) throws {
        let statement = try query.statement(in: self).sqliteStatement
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        guard sqlite3_bind_parameter_count(statement) == count else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "wrong number of arguments", sql: text(of: statement))
        }
        try body(statement)
    }

    private func check(_ code: Int32, _ statement: OpaquePointer) throws {
        guard code != SQLITE_OK, code != SQLITE_DONE else { return }
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: lastErrorMessage, sql: text(of: statement))
    }

    private func text(of statement: OpaquePointer) -> String? { sqlite3_sql(statement).map { String(cString: $0) } }

    /// For results that are known to be short.
    func rows<T>(
        _ query: some Query, _ arguments: [(any SQLValue)?] = [], _ read: (inout Columns) throws -> T
    ) throws -> [T] {
        var result: [T] = []
        try forEachRow(query, arguments) {
            result.append(try read(&$0))
            return true
        }
        return result
    }

    /// The first row.
    func row<T>(
        _ query: some Query, _ arguments: [(any SQLValue)?] = [], _ read: (inout Columns) throws -> T
    ) throws -> T? {
        var result: T?
        try forEachRow(query, arguments) {
            result = try read(&$0)
            return false
        }
        return result
    }

    /// The first column of the first row; nil where there is no row, or it is NULL.
    func value<T: SQLValue>(_ sql: String, _ arguments: [(any SQLValue)?] = []) throws -> T? {
        try row(sql, arguments) { try $0.optional() } ?? nil
    }

    /// - Parameter condition: with all that comes after it.
    func tasks(where condition: String, _ arguments: [(any SQLValue)?]) throws -> [TaskItem] {
        try rows("SELECT \(TaskColumns.all) FROM task WHERE \(condition)", arguments, TaskColumns.read)
    }

    func attempts(where condition: String, _ arguments: [(any SQLValue)?] = []) throws -> [Attempt] {
        try rows("SELECT \(AttemptColumns.all) FROM attempt WHERE \(condition)", arguments, AttemptColumns.read)
    }

    /// Those that have not ended, by the index that has no others.
    func liveAttempts(orderedBy order: String) throws -> [Attempt] {
        try rows(
            "SELECT \(AttemptColumns.all) FROM attempt INDEXED BY attempt_live WHERE state <> 2 ORDER BY \(order)", [],
            AttemptColumns.read)
    }

    func run(_ query: some Query, _ arguments: [(any SQLValue)?] = []) throws {
        try forEachRow(query, arguments) { _ in true }
    }
}

/// Values that nothing is looked up by, each as JSON in a column of its own.
enum JSONColumn {
    static func text(of value: some Encodable) throws -> String {
        String(decoding: try Wire.line(value), as: UTF8.self)
    }

    /// - Parameter complaint: what the column would hold, if it is not what it should be.
    static func read<Value: Decodable>(_ text: String, _ complaint: String) throws -> Value {
        do {
            return try Wire.decode(Value.self, from: Data(text.utf8))
        } catch {
            throw DatabaseError(resultCode: .SQLITE_MISMATCH, message: complaint)
        }
    }
}
