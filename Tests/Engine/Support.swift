import DaemonConfiguration
import Foundation
import Logging
import Storage

@testable import Engine

/// A report reader on a store of its own, for the time that the body runs.
func withReports<R>(_ body: (EndEnricher) throws -> R) throws -> R {
    let directory = NSTemporaryDirectory() + "orchd-engine-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try SQLiteStore(path: directory + "/queue.db")
    defer { try? store.close() }
    let (attempts, configuration) = (LiveAttempts(), CurrentConfiguration(Configuration()))
    let log = Logger(label: "test")
    return try body(
        EndEnricher(
            attempts: attempts, files: OutputFiles(stateDirectory: directory), store: store, configuration: configuration,
            channels: try WorkerChannels(), doors: Doors(attempts: attempts, configuration: configuration, log: log), log: log))
}
