import OrchProtocol

/// Where a task stands, as it is stored. `ready` to `held` are the reasons of a queued task that are not derived from its pool.
/// The raw values are in the database and never change.
public enum Phase: Int, Sendable, CaseIterable {
    case ready = 0
    case delayed = 1
    case held = 2
    /// It has an attempt that has not ended.
    case active = 3
    case succeeded = 4
    case failed = 5
    case cancelled = 6
    case expired = 7

    public var isQueued: Bool { rawValue < Phase.active.rawValue }
    public var isFinal: Bool { rawValue > Phase.active.rawValue }

    /// The state of a task, as people see it. It is derived here and nowhere else; only `SQLiteStore.page` says the same once more, in SQL.
    ///
    /// - Parameter isOrdered: whether its attempt has only been ordered ahead of a free slot. Nothing has happened to the task yet, and
    ///   it can still be taken back: to the eye it is queued. See ``Attempt/isOrdered``.
    public func state(isOrdered: Bool) -> TaskState {
        switch self {
        case .ready, .delayed, .held: .queued
        case .active: isOrdered ? .queued : .running
        case .succeeded: .succeeded
        case .failed: .failed
        case .cancelled: .cancelled
        case .expired: .expired
        }
    }
}
