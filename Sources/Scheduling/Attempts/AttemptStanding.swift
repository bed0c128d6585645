/// Where an attempt stands. Its row says it by several columns together: see ``Attempt/standing``.
enum AttemptStanding: CaseIterable {
    /// It was handed to the supervisor, which has not said that it has started.
    case ordered
    /// It must end, although nobody knows yet whether it has started.
    case withdrawing
    /// Its processes run; or a warm worker has said that it has the task.
    case running
    /// Its processes are frozen.
    case paused
    /// It has been told to end.
    case stopping
    /// A warm worker was given the task and has not said that it has it.
    case offered
    /// That worker did not take it as it should, and is being ended.
    case rejected
    /// The worker has said how its task ended, and is to exit by itself.
    case closing
    /// It has said so, or broken the protocol, and is being ended.
    case expelling
    case ended
}

/// What can happen to an attempt.
enum AttemptEvent: CaseIterable {
    /// The supervisor says that it has started.
    case started
    case ended
    /// It was taken back before it started.
    case revoked
    /// It could not be taken back.
    case notRevoked
    /// The engine finds it running after a new connection to the supervisor.
    case found
    /// Somebody or something wants its end.
    case stop
    case pause
    case resume
    /// Its worker has the task.
    case accepted
    /// Its worker says how the task ended.
    case result
    /// Its worker breaks the protocol.
    case fault
    /// Its time to be looked at has come.
    case due
    /// It is known when it last wrote output.
    case outputSeen
}

/// What must be done when an attempt goes from one state to another, besides writing the state. The turn does it.
struct AttemptActions: OptionSet {
    let rawValue: UInt8

    /// Keep who runs it and since when.
    static let noteStart = Self(rawValue: 1 << 0)
    /// Tell the supervisor to end it.
    static let orderStop = Self(rawValue: 1 << 1)
    /// Decide what its end means.
    static let judge = Self(rawValue: 1 << 2)
    /// Forget it: it never started, and the task goes back to the queue.
    static let giveBack = Self(rawValue: 1 << 3)
    /// Tell the supervisor to stop its processes where they are.
    static let freeze = Self(rawValue: 1 << 4)
    /// Tell it to let them continue.
    static let thaw = Self(rawValue: 1 << 5)
    /// Compute its start again by a clock that may have been set.
    static let alignStart = Self(rawValue: 1 << 6)
    /// Send the task again: whether the worker got all of it, only the worker knows.
    static let offerAgain = Self(rawValue: 1 << 7)
}

struct AttemptMove: Equatable {
    var next: AttemptStanding
    var actions: AttemptActions
}

extension AttemptStanding {
    private func go(_ next: AttemptStanding, _ actions: AttemptActions = []) -> Step<AttemptMove> {
        .to(AttemptMove(next: next, actions: actions))
    }

    /// The table of all states and events. `docs/architecture.md` shows it, and the tests hold it there.
    func step(on event: AttemptEvent) -> Step<AttemptMove> {
        switch (self, event) {
        // The supervisor's reports
        case (.ordered, .started), (.ordered, .found): go(.running, .noteStart)
        case (.withdrawing, .started): go(.stopping, .noteStart)
        case (.withdrawing, .found): go(.stopping, [.noteStart, .orderStop])
        case (.running, .started), (.paused, .started), (.stopping, .started), (.offered, .started), (.rejected, .started),
            (.closing, .started), (.expelling, .started), (.ended, .started):
            .stale

        case (.ordered, .ended), (.withdrawing, .ended), (.running, .ended), (.paused, .ended), (.stopping, .ended),
            (.offered, .ended), (.rejected, .ended), (.closing, .ended), (.expelling, .ended):
            go(.ended, .judge)
        case (.ended, .ended): .stale

        case (.ordered, .revoked), (.withdrawing, .revoked): go(.ended, .giveBack)
        // The supervisor takes back only what it has not started.
        case (.running, .revoked), (.paused, .revoked), (.stopping, .revoked), (.offered, .revoked), (.rejected, .revoked),
            (.closing, .revoked), (.expelling, .revoked):
            .impossible
        case (.ended, .revoked): .stale
        case (_, .notRevoked): .stale

        case (.running, .found): go(.running, .alignStart)
        case (.paused, .found): go(.paused, .alignStart)
        // What it was told last, it may never have heard.
        case (.stopping, .found): go(.stopping, .orderStop)
        case (.offered, .found), (.rejected, .found): go(.offered, .offerAgain)
        case (.closing, .found), (.expelling, .found): go(.closing)
        case (.ended, .found): .impossible

        // What people and limits want
        case (.ordered, .stop): go(.withdrawing, .orderStop)
        case (.running, .stop), (.paused, .stop), (.offered, .stop), (.rejected, .stop), (.closing, .stop), (.expelling, .stop):
            go(.stopping, .orderStop)
        // The first cause stays.
        case (.withdrawing, .stop), (.stopping, .stop), (.ended, .stop): .stale

        case (.running, .pause): go(.paused, .freeze)
        case (.paused, .resume): go(.running, .thaw)
        case (.paused, .pause), (.running, .resume): .stale
        case (.ordered, .pause), (.withdrawing, .pause), (.stopping, .pause), (.offered, .pause), (.rejected, .pause),
            (.closing, .pause), (.expelling, .pause), (.ended, .pause), (.ordered, .resume), (.withdrawing, .resume),
            (.stopping, .resume), (.offered, .resume), (.rejected, .resume), (.closing, .resume), (.expelling, .resume),
            (.ended, .resume):
            .refused

        // What a warm worker says. The process of a command says nothing.
        case (.ordered, .accepted), (.withdrawing, .accepted), (.ordered, .result), (.withdrawing, .result),
            (.ordered, .fault), (.withdrawing, .fault):
            .impossible
        // One that is late may have begun with the task: nobody else may get it.
        case (.offered, .accepted), (.rejected, .accepted): go(.running)
        case (.running, .accepted), (.paused, .accepted), (.stopping, .accepted), (.closing, .accepted),
            (.expelling, .accepted),
            (.ended, .accepted):
            .stale
        // The first result counts. What is being ended is too late for one.
        case (.running, .result), (.paused, .result), (.offered, .result), (.rejected, .result): go(.closing)
        case (.stopping, .result), (.closing, .result), (.expelling, .result), (.ended, .result): .stale
        case (.running, .fault), (.paused, .fault): go(.expelling, .orderStop)
        case (.offered, .fault), (.rejected, .fault): go(.rejected, .orderStop)
        case (.stopping, .fault), (.closing, .fault), (.expelling, .fault), (.ended, .fault): .stale

        // Time
        case (.running, .due): go(.running)
        case (.offered, .due): go(.rejected, .orderStop)
        case (.closing, .due): go(.expelling, .orderStop)
        // They have no time at which to look at them.
        case (.ordered, .due), (.withdrawing, .due), (.paused, .due), (.stopping, .due), (.rejected, .due), (.expelling, .due),
            (.ended, .due):
            .impossible
        case (.running, .outputSeen): go(.running)
        case (.ordered, .outputSeen), (.withdrawing, .outputSeen), (.paused, .outputSeen), (.stopping, .outputSeen),
            (.offered, .outputSeen), (.rejected, .outputSeen), (.closing, .outputSeen), (.expelling, .outputSeen),
            (.ended, .outputSeen):
            .stale
        }
    }
}

extension Attempt {
    /// The state that the row says. Nil where its columns contradict each other: the row is damaged.
    var standing: AttemptStanding? {
        switch (state, delivery) {
        case (.ended, _): .ended
        case (.dispatched, nil): stopping == nil ? .ordered : .withdrawing
        case (.dispatched, _): nil
        case (.running, _) where startedMonotonic == nil: nil
        case (.running, _) where stopping != nil: .stopping
        case (.running, .succeeded), (.running, .failed): wakeAt == nil ? .expelling : .closing
        case (.running, .given): wakeAt == nil ? .rejected : .offered
        case (.running, nil), (.running, .accepted): pauses?.isPaused ?? false ? .paused : .running
        }
    }
}
