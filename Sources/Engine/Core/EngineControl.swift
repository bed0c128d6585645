import DaemonConfiguration
import Foundation
import Logging
import OrchProtocol
import Scheduling
import Settings
import Synchronization

/// What is done to the engine as a whole.
package final class EngineControl: Sendable {
    private let core: EngineCore
    private let load: @Sendable () throws -> Configuration
    private let onStop: @Sendable () -> Void
    private let reloading = Mutex(())

    /// - Parameter load: reads the configuration.
    package init(
        _ core: EngineCore, load: @escaping @Sendable () throws -> Configuration, onStop: @escaping @Sendable () -> Void
    ) {
        self.core = core
        self.load = load
        self.onStop = onStop
    }

    /// Reads the configuration again. One that is not valid changes nothing; one that is valid is in force when `done` is called.
    package func reload(by requester: Requester, _ done: @escaping @Sendable (Result<ReloadResult, WireError>) -> Void) {
        reloading.withLock { _ in
            do {
                let new = try load()
                let changes = new.changes(since: core.configuration.value)
                core.configuration.value = new
                let summary = changes.isEmpty ? "nothing changed" : changes.joined(separator: "; ")
                let expected = core.performer.expect { reply in
                    if case .failed(let error) = reply {
                        done(.failure(error))
                    } else {
                        done(.success(.init(changes: changes)))
                    }
                }
                guard let token = expected else { return }
                core.inbox.push([
                    .ruled(new.rules), .configured(new.pools.map(\.settings)),
                    .announced(.daemonReloaded, detail: "by uid \(requester.uid), \(summary)", reply: token),
                ])
            } catch let error as ConfigurationError {
                core.log.warning("The configuration was not reloaded: \(error)")
                done(
                    .failure(
                        WireError(.invalidConfiguration, "the configuration is invalid; the old one stays in force:\n\(error)"))
                )
            } catch {
                done(.failure(WireError(storage: error)))
            }
        }
    }

    func stop() { onStop() }
}
