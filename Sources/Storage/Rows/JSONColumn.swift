import Foundation
import GRDB
import OrchProtocol

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
