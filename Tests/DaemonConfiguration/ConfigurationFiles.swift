import DaemonConfiguration
import FoundationEssentials
import Settings
import TestSupport

/// Writes a configuration to a directory of its own.
struct ConfigurationFiles {
    private let scratch: ScratchDirectory
    var directory: String { scratch.url.path }

    init(_ files: [String: String]) throws { scratch = try ScratchDirectory(files) }

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
