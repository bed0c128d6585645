import Logging
import OrchProtocol
import Scheduling
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
                let changes = Self.changes(from: current.value, to: new)
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
                        WireError(.invalidConfiguration, "the configuration is not valid and stays as it was:\n\(error)")))
            } catch {
                done(.failure(WireError(storage: error)))
            }
        }
    }

    func stop() { onStop() }

    private static func changes(from old: Configuration, to new: Configuration) -> [String] {
        var changes: [String] = []
        let before = Dictionary(uniqueKeysWithValues: old.pools.map { ($0.settings.name, $0) })
        let after = Dictionary(uniqueKeysWithValues: new.pools.map { ($0.settings.name, $0) })
        for name in Set(before.keys).union(after.keys).sorted() {
            switch (before[name], after[name]) {
            case (nil, .some): changes.append("pool \"\(name)\" added")
            case (.some, nil): changes.append("pool \"\(name)\" removed")
            case (let a?, let b?) where a.settings.slots != b.settings.slots:
                changes.append("pool \"\(name)\" has \(b.settings.slots) slots")
            case (let a?, let b?) where a != b: changes.append("pool \"\(name)\" changed")
            default: break
            }
        }
        if old.agents != new.agents { changes.append("agents changed") }
        if old.routes != new.routes || old.aliases != new.aliases { changes.append("routes changed") }
        if old.limits != new.limits { changes.append("limits changed") }
        if old.socket != new.socket || old.stateDirectory != new.stateDirectory || old.connections != new.connections {
            changes.append("[daemon] and [limits] take effect at the next start")
        }
        return changes
    }
}
