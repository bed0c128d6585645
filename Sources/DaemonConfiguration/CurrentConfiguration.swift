import Agents
import Platform
import Scheduling
import Synchronization
import Text

extension Configuration {
    /// What is different from before, in sentences; none only where nothing is.
    package func changes(since old: Configuration) -> [String] {
        var changes = Self.changes("pool", old.pools, pools, by: \.settings.name) { before, after in
            after.settings.slots != before.settings.slots ? "has \(counted(after.settings.slots, "slot"))" : "changed"
        }
        changes += Self.changes("agent", Array(old.agents.values), Array(agents.values), by: \.name)
        if old.routes != routes || old.aliases != aliases { changes.append("routes changed") }
        changes += Self.changes("limit", old.limits, limits, by: \.name)
        changes += Self.changes("budget", old.budgets, budgets, by: \.name)
        if old.socket != socket || old.stateDirectory != stateDirectory || old.connections != connections {
            changes.append("[daemon] and [limits] take effect at the next start")
        }
        if changes.isEmpty, old != self { changes.append("settings of the daemon changed") }
        return changes
    }

    private static func changes<Part: Equatable>(
        _ kind: String, _ old: [Part], _ new: [Part], by name: (Part) -> String,
        how: (Part, Part) -> String = { _, _ in "changed" }
    ) -> [String] {
        let before = Dictionary(uniqueKeysWithValues: old.map { (name($0), $0) })
        let after = Dictionary(uniqueKeysWithValues: new.map { (name($0), $0) })
        return Set(before.keys).union(after.keys).sorted().compactMap { name in
            switch (before[name], after[name]) {
            case (nil, .some): "\(kind) \"\(name)\" added"
            case (.some, nil): "\(kind) \"\(name)\" removed"
            case (let a?, let b?) where a != b: "\(kind) \"\(name)\" \(how(a, b))"
            default: nil
            }
        }
    }
}

/// The configuration in force. It is replaced as a whole.
package final class CurrentConfiguration: Sendable {
    private struct State {
        package var configuration: Configuration
        /// Looked up once, since asking for a group may mean asking a server.
        package var adminGroups: Set<UInt32>

        package init(_ configuration: Configuration) {
            self.configuration = configuration
            adminGroups = Set(configuration.adminGroups.compactMap(UserDatabase.group))
        }
    }

    private let state: Mutex<State>

    package init(_ configuration: Configuration) { state = Mutex(State(configuration)) }

    package var value: Configuration {
        get { state.withLock { $0.configuration } }
        set { state.withLock { $0 = State(newValue) } }
    }

    /// The numbers of the groups whose members may do everything.
    package var adminGroups: Set<UInt32> { state.withLock { $0.adminGroups } }
}
