import Foundation

/// A directory that goes with its last user; in memory where the system has such a place, since tests wait for many commits.
public final class ScratchDirectory: Sendable {
    public let url: URL

    /// - Parameter files: what is in it, by paths within it.
    public init(_ files: [String: String] = [:]) throws {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let parent =
            FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
        url = parent.appendingPathComponent("orchd-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (name, text) in files {
            let file = url.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    public func path(_ name: String) -> String { url.appendingPathComponent(name).path }
    public func data(_ name: String) throws -> Data { try Data(contentsOf: url.appendingPathComponent(name)) }
}
