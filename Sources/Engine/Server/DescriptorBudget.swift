import DaemonConfiguration
import Glibc
import OrchProtocol
import Platform
import Scheduling

/// How many descriptors the engine may open (`ulimit -n`), and what for.
struct DescriptorBudget {
    /// For the store, the link, the files of a turn and all else that is neither a client nor a warm worker.
    private static let reserve = 48
    /// With fewer connections nobody could even look what is wrong.
    private static let fewestConnections = 8

    private let limit: Int

    /// As many as this process may have: nobody is served by the lower limit that a shell has for other reasons.
    init() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else {
            self.init(limit: 1024)
            return
        }
        let hard = limit.rlim_max
        if limit.rlim_cur < hard {
            limit.rlim_cur = hard
            if setrlimit(resource, &limit) != 0 { getrlimit(resource, &limit) }
        }
        self.init(limit: Int(clamping: limit.rlim_cur))
    }

    init(limit: Int) { self.limit = limit }

    /// - Throws: ``StartError`` where it is too little to begin with.
    func check(_ configuration: Configuration) throws {
        let needed = Self.reserve + Self.fewestConnections + Self.workers(configuration)
        guard limit < needed else { return }
        let workers = Self.workers(configuration)
        let why = workers > 0 ? ", with \(workers) warm workers" : ""
        throw StartError(
            "the limit of open files is \(limit), and orchd needs \(needed)\(why): raise it (ulimit -n \(max(1024, needed)), or "
                + "LimitNOFILE= in the unit)", isLasting: true)
    }

    /// How many connections there may be. A reload may want more warm workers than there is room for; those can be looked into.
    func connections(_ configuration: Configuration) -> Int {
        let free = limit - Self.reserve - Self.workers(configuration)
        let rest = max(Self.fewestConnections, free - min(free / 2, Self.doors(configuration)))
        return min(configuration.connections, rest)
    }

    /// How many there may be through all doors together.
    func guests(_ configuration: Configuration) -> Int {
        let free = limit - Self.reserve - Self.workers(configuration) - connections(configuration)
        return max(Self.fewestConnections, free - Self.listeners(configuration))
    }

    /// What to tell who is one too many.
    func refusal(_ configuration: Configuration) -> WireError {
        let count = connections(configuration)
        let why = count < configuration.connections ? "; the limit of open files (ulimit -n) allows no more" : ""
        return WireError(.tooManyConnections, "there are \(count) connections already, which is the limit\(why)")
    }

    /// A listener each, and some who come through it.
    private static func doors(_ configuration: Configuration) -> Int { listeners(configuration) * 8 }

    private static func listeners(_ configuration: Configuration) -> Int {
        configuration.pools.reduce(0) { $0 + ($1.settings.spawn == nil ? 0 : $1.settings.slots) }
    }

    /// Each has a channel.
    private static func workers(_ configuration: Configuration) -> Int {
        configuration.pools.reduce(0) { $0 + ($1.settings.warm == nil ? 0 : $1.settings.slots) }
    }
}
