import Glibc

/// Removals of workspaces: a few at once, the others in no particular order.
struct WorkspaceRemovals {
    static let maximumRunning = 2
    static let maximumWaiting = 16_384

    struct Removal: Hashable {
        let folder: String
        let name: String
    }

    struct Running {
        let removal: Removal
        let process: SpawnedProcess
        let token: EventLoop<Supervisor.Source>.Token
    }

    private var waiting: [Removal] = []
    private var asked: Set<Removal> = []
    private var running: [pid_t: Running] = [:]

    var isIdle: Bool { running.isEmpty }
    func isRunning(_ pid: pid_t) -> Bool { running[pid] != nil }

    /// Those that have not ended.
    var unfinished: [Removal] { running.values.map(\.removal) + waiting }

    mutating func add(_ removal: Removal) {
        guard waiting.count < Self.maximumWaiting, asked.insert(removal).inserted else { return }
        waiting.append(removal)
    }

    /// The next one, if it may be started.
    mutating func next() -> Removal? {
        guard running.count < Self.maximumRunning, !waiting.isEmpty else { return nil }
        return waiting.removeLast()
    }

    mutating func started(_ helper: Running) { running[helper.process.pid] = helper }

    mutating func failed(_ removal: Removal) { asked.remove(removal) }

    mutating func ended(_ pid: pid_t) -> Running? {
        guard let helper = running.removeValue(forKey: pid) else { return nil }
        asked.remove(helper.removal)
        return helper
    }
}
