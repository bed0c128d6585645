/// Where a warm worker without a task stands. Its row says it by several columns together: see ``Worker/standing``.
enum WorkerStanding: CaseIterable {
    /// It is ordered; it may still wait for a slot.
    case launched
    /// Its process runs and has not said that it is ready.
    case starting
    case ready
    /// It must be taken back before it starts.
    case withdrawn
    /// It has been told to exit.
    case leaving
    /// It is being ended.
    case ending
    /// It is no more.
    case gone
}

/// What can happen to a worker without a task.
enum WorkerEvent: CaseIterable {
    /// The supervisor says that its process has started.
    case started
    case ended
    /// It was taken back before it started.
    case revoked
    /// It could not be taken back.
    case notRevoked
    /// The engine finds it running after a new connection to the supervisor.
    case found
    /// It is found, and nothing can be said to it.
    case cutOff
    /// The supervisor does not have it.
    case missing
    /// It says that it is ready.
    case ready
    /// It tells what a task uses.
    case usage
    /// It answers a task, and it was given none.
    case answered
    /// It breaks the protocol.
    case fault
    /// It is no longer wanted.
    case dismiss
    /// Its time to be looked at has come.
    case due
}

/// What must be done when a worker goes from one state to another, besides writing the state. The turn does it.
struct WorkerActions: OptionSet {
    let rawValue: UInt8

    /// Keep its process and its slot.
    static let noteStart = Self(rawValue: 1 << 0)
    /// Keep what it can do.
    static let noteReady = Self(rawValue: 1 << 1)
    /// Count a failure of the pool's workers.
    static let noteFailure = Self(rawValue: 1 << 2)
    /// Tell the supervisor to take it back.
    static let revoke = Self(rawValue: 1 << 3)
    /// Tell it to exit.
    static let tellToExit = Self(rawValue: 1 << 4)
    /// Tell the supervisor to end it.
    static let orderStop = Self(rawValue: 1 << 5)
    /// Decide what its end means.
    static let judge = Self(rawValue: 1 << 6)
}

struct WorkerMove: Equatable {
    var next: WorkerStanding
    var actions: WorkerActions
}

extension WorkerStanding {
    private func go(_ next: WorkerStanding, _ actions: WorkerActions = []) -> Step<WorkerMove> {
        .to(WorkerMove(next: next, actions: actions))
    }

    /// The table of all states and events. `docs/architecture.md` shows it, and the tests hold it there.
    func step(on event: WorkerEvent) -> Step<WorkerMove> {
        switch (self, event) {
        // The supervisor's reports
        case (.launched, .started), (.launched, .found), (.starting, .started), (.starting, .found): go(.starting, .noteStart)
        // What it says may come before the supervisor's report.
        case (.ready, .started), (.ready, .found): go(.ready, .noteStart)
        case (.withdrawn, .started), (.ending, .started): go(.ending, [.noteStart, .orderStop])
        case (.withdrawn, .found), (.ending, .found): go(.ending, [.noteStart, .orderStop, .tellToExit])
        case (.leaving, .started): go(.leaving, .noteStart)
        case (.leaving, .found): go(.leaving, [.noteStart, .tellToExit])

        case (.launched, .ended), (.starting, .ended), (.ready, .ended), (.withdrawn, .ended), (.leaving, .ended),
            (.ending, .ended):
            go(.gone, .judge)
        case (.launched, .revoked), (.withdrawn, .revoked): go(.gone)
        // The supervisor takes back only what it has not started.
        case (.starting, .revoked), (.ready, .revoked), (.leaving, .revoked), (.ending, .revoked): .impossible
        case (_, .notRevoked): .stale
        case (.launched, .missing), (.starting, .missing), (.ready, .missing), (.withdrawn, .missing), (.leaving, .missing),
            (.ending, .missing):
            go(.gone)
        case (.starting, .cutOff), (.ready, .cutOff): go(.ending, .orderStop)
        // A worker that is found has started.
        case (.launched, .cutOff), (.withdrawn, .cutOff): .impossible
        case (.leaving, .cutOff), (.ending, .cutOff): .stale

        // What it says. It may not know yet that it must go.
        case (.launched, .ready), (.starting, .ready): go(.ready, .noteReady)
        case (.ready, .ready), (.withdrawn, .ready), (.leaving, .ready), (.ending, .ready): .stale
        case (_, .usage): .stale
        case (.launched, .answered), (.starting, .answered), (.ready, .answered), (.launched, .fault), (.starting, .fault),
            (.ready, .fault):
            go(.ending, [.noteFailure, .orderStop])
        case (.withdrawn, .answered), (.leaving, .answered), (.ending, .answered), (.withdrawn, .fault), (.leaving, .fault),
            (.ending, .fault):
            .stale

        case (.launched, .dismiss): go(.withdrawn, .revoke)
        case (.starting, .dismiss), (.ready, .dismiss): go(.leaving, .tellToExit)
        case (.withdrawn, .dismiss), (.leaving, .dismiss), (.ending, .dismiss): .stale

        // Time
        case (.starting, .due): go(.ending, [.noteFailure, .orderStop])
        case (.ready, .due): go(.leaving, .tellToExit)
        case (.leaving, .due): go(.ending, .orderStop)
        // They have no time at which to look at them.
        case (.launched, .due), (.withdrawn, .due), (.ending, .due): .impossible

        // It has no row.
        case (.gone, .started), (.gone, .ended), (.gone, .revoked), (.gone, .found), (.gone, .cutOff), (.gone, .missing),
            (.gone, .ready), (.gone, .answered), (.gone, .fault), (.gone, .dismiss), (.gone, .due):
            .impossible
        }
    }
}

extension Worker {
    /// The state that the row says.
    var standing: WorkerStanding {
        switch state {
        case .launched: .launched
        case .starting: .starting
        case .ready: .ready
        case .exiting: wakeAt != nil ? .leaving : pid == nil ? .withdrawn : .ending
        }
    }

    /// Writes the state, but not what belongs to a start or to its being ready.
    ///
    /// - Parameter wakeAt: when there is something to do about it if nothing happens.
    mutating func enter(_ next: WorkerStanding, at now: Now, wakeAt: Int64? = nil) {
        let row: State =
            switch next {
            case .launched: .launched
            case .starting: .starting
            case .ready: .ready
            case .withdrawn, .leaving, .ending, .gone: .exiting
            }
        if row != state { since = now.wall }
        state = row
        self.wakeAt = wakeAt
    }
}
