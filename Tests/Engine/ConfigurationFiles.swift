import Foundation
import Settings

@testable import Engine

/// Writes a configuration to a directory of its own.
struct ConfigurationFiles: ~Copyable {
    let directory: String

    init(_ files: [String: String]) throws {
        directory = NSTemporaryDirectory() + "orchd-configuration-\(UUID().uuidString)"
        for (name, text) in files {
            let path = "\(directory)/\(name)"
            let parent = (path as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: path))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func load() throws -> Configuration { try .load(directory + "/orchd.toml") }

    /// The faults, without the directory.
    func faults() -> [String] {
        do {
            _ = try load()
            return []
        } catch let error as ConfigurationError {
            return error.faults.map { $0.description.replacing(directory + "/", with: "") }
        } catch {
            return ["\(error)"]
        }
    }
}
