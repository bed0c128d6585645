import OrchProtocol
import Scheduling
import Storage

/// What somebody may look at: a user at all tasks, a task through its door at those below it, and at nothing else that belongs to others.
struct Sight: Sendable {
    /// Whose door it is; nil for a user.
    let task: Int64?
    private let store: any StreamStore

    init(of requester: Requester, in store: any StreamStore) {
        task = requester.principal.task
        self.store = store
    }

    /// Whether a task is there is not said of those that are not below.
    func check(_ ids: [Int64], field: String) throws {
        guard let task else { return }
        let seen = try store.descendants(of: task, among: ids)
        guard let hidden = ids.first(where: { !seen.contains($0) }) else { return }
        throw WireError(
            .notFound, "there is no task \(hidden) that task \(task) has started, and its door shows no others", field: field)
    }

    /// What of these events it sees, and which numbers it does not, in order.
    ///
    /// - Parameter known: tasks that are known to be below; it grows by those that are found.
    func sift(_ events: [Event], after: Int64, known: inout Set<Int64>) throws -> [Piece] {
        guard let task else { return events.map { .event($0) } }
        // A task has a higher number than the one that has started it.
        let unknown = Set(events.compactMap(\.task).filter { $0 > task }).subtracting(known)
        if !unknown.isEmpty { known.formUnion(try store.descendants(of: task, among: unknown.sorted())) }
        var pieces: [Piece] = []
        var last = after
        for event in events where event.task.map(known.contains) ?? false {
            if event.seq > last + 1 { pieces.append(.omitted(last + 1...event.seq - 1)) }
            pieces.append(.event(event))
            last = event.seq
        }
        if let end = events.last?.seq, end > last { pieces.append(.omitted(last + 1...end)) }
        return pieces
    }

    enum Piece: Equatable {
        case event(Event)
        case omitted(ClosedRange<Int64>)
    }
}

extension Queries {
    /// The pools that somebody may know of: a task those that it may use.
    func pools(of requester: Requester) throws -> Set<String>? {
        guard let id = requester.principal.task else { return nil }
        return router(try core.store.pools()).pools(below: try core.store.line(to: id))
    }

    func pools(for requester: Requester) throws -> PoolList {
        let list = try pools()
        guard let known = try pools(of: requester) else { return list }
        return PoolList(pools: list.pools.filter { known.contains($0.name) })
    }

    func agents(for requester: Requester) throws -> AgentList {
        let list = agents()
        guard let known = try pools(of: requester) else { return list }
        return AgentList(
            agents: list.agents.compactMap { agent in
                var agent = agent
                agent.pools = agent.pools.filter(known.contains)
                return agent.pools.isEmpty ? nil : agent
            })
    }
}
