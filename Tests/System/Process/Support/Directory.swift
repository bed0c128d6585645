import Foundation
import Glibc

/// A fresh directory below /tmp, removed with the object.
final class Directory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/orchd-system-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure("mkdtemp: \(errno)") }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = URL(filePath: self.file(name))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    func bytes(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: file(name)).map(Array.init) }
    func text(_ name: String) -> String? { bytes(name).map { String(decoding: $0, as: UTF8.self) } }
    func has(_ name: String) -> Bool { access(file(name), F_OK) == 0 }

    /// A number that a task has written to a file, with a line feed to show that it is all there.
    func number(_ name: String) throws -> pid_t {
        try eventually("\(name) with a number") {
            text(name).flatMap { $0.hasSuffix("\n") ? pid_t($0.dropLast()) : nil }
        }
    }

    func wait(for name: String) throws { try eventually("the file \(name)") { has(name) } }
}
