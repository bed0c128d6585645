import DaemonConfiguration
import Foundation
import Logging
import OrchProtocol
import Scheduling
import Settings
import Synchronization

/// What is done to the engine as a whole.
package final class EngineControl: Sendable {
    private let load: @Sendable () throws -> Configuration
    private let current: CurrentConfiguration
    private let inbox: Inbox
    private let performer: EffectPerformer
    private let log: Logger
    private let onStop: @Sendable () -> Void
    private let reloading = Mutex(())

    init(
        load: @escaping @Sendable () throws -> Configuration, current: CurrentConfiguration, inbox: Inbox,
        performer: EffectPerformer, log: Logger, onStop: @escaping @Sendable () -> Void
    ) {
        self.load = load
        self.current = current
        self.inbox = inbox
        self.performer = performer
        self.log = log
        self.onStop = onStop
    }

    /// Reads the configuration again. One that is not valid changes nothing; one that is valid is in force when `done` is called.
    package func reload(by requester: Requester, _ done: @escaping @Sendable (Result<ReloadResult, WireError>) -> Void) {
        reloading.withLock { _ in
            do {
                let new = try load()
                let changes = new.changes(since: current.value)
                current.value = new
                let summary = changes.isEmpty ? "nothing changed" : changes.joined(separator: "; ")
                let expected = performer.expect { reply in
                    if case .failed(let error) = reply {
                        done(.failure(error))
                    } else {
                        done(.success(.init(changes: changes)))
                    }
                }
                guard let token = expected else { return }
                inbox.push([
                    .ruled(new.rules), .configured(new.pools.map(\.settings)),
                    .announced(.daemonReloaded, detail: "by uid \(requester.uid), \(summary)", reply: token),
                ])
            } catch let error as ConfigurationError {
                log.warning("The configuration was not reloaded: \(error)")
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
