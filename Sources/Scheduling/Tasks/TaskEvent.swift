/// What can happen to a task.
enum TaskEvent: CaseIterable {
    /// It gets an attempt.
    case dispatch
    /// Its attempt is over, or does not count, and it may have another at once.
    case giveBack
    /// The same after a while.
    case postpone
    case succeed
    case fail
    case cancel
    /// It should have started by now.
    case expire
    /// The time has come for which it waits.
    case due
    case hold
    case release
    /// A person has set its start time.
    case schedule
    /// A person wants it to be tried again.
    case retry
}

/// Where a task goes.
enum TaskTarget: Equatable {
    case phase(Phase)
    /// Ready, or delayed if its time is in the future.
    case queue
}

extension Phase {
    /// The table of all phases and events. `docs/architecture.md` shows it, and the tests hold it there.
    func step(on event: TaskEvent) -> Step<TaskTarget> {
        switch (self, event) {
        case (.ready, .dispatch): .to(.phase(.active))
        case (.delayed, .dispatch), (.held, .dispatch), (.active, .dispatch): .impossible

        case (.active, .giveBack): .to(.phase(.ready))
        case (.active, .postpone): .to(.phase(.delayed))
        case (.active, .succeed): .to(.phase(.succeeded))
        case (.active, .fail): .to(.phase(.failed))
        // They have no attempt that could end.
        case (.ready, .giveBack), (.delayed, .giveBack), (.held, .giveBack), (.ready, .postpone), (.delayed, .postpone),
            (.held, .postpone), (.ready, .succeed), (.delayed, .succeed),
            (.held, .succeed), (.ready, .fail), (.delayed, .fail), (.held, .fail):
            .impossible

        case (.ready, .cancel), (.delayed, .cancel), (.held, .cancel), (.active, .cancel): .to(.phase(.cancelled))
        case (.ready, .expire), (.delayed, .expire), (.held, .expire): .to(.phase(.expired))
        // What has started expires no more.
        case (.active, .expire): .impossible
        case (.delayed, .due): .to(.phase(.ready))
        case (.ready, .due), (.held, .due), (.active, .due): .impossible

        case (.ready, .hold), (.delayed, .hold): .to(.phase(.held))
        case (.held, .release): .to(.queue)
        case (.held, .hold), (.ready, .release), (.delayed, .release): .stale
        case (.ready, .schedule), (.delayed, .schedule): .to(.queue)
        // It keeps the time for when it is released.
        case (.held, .schedule): .stale
        // One that is ordered ahead counts as queued. It is taken back before it is held or put off, and is not held.
        case (.active, .hold), (.active, .schedule): .refused
        case (.active, .release): .stale
        case (.failed, .retry), (.cancelled, .retry), (.expired, .retry): .to(.phase(.ready))
        case (.ready, .retry), (.delayed, .retry), (.held, .retry), (.active, .retry), (.succeeded, .retry): .refused

        // It is over.
        case (.succeeded, .dispatch), (.failed, .dispatch), (.cancelled, .dispatch), (.expired, .dispatch),
            (.succeeded, .giveBack), (.failed, .giveBack), (.cancelled, .giveBack), (.expired, .giveBack),
            (.succeeded, .postpone), (.failed, .postpone), (.cancelled, .postpone), (.expired, .postpone),
            (.succeeded, .succeed), (.failed, .succeed), (.cancelled, .succeed), (.expired, .succeed),
            (.succeeded, .fail), (.failed, .fail), (.cancelled, .fail), (.expired, .fail),
            (.succeeded, .expire), (.failed, .expire), (.cancelled, .expire), (.expired, .expire),
            (.succeeded, .due), (.failed, .due), (.cancelled, .due), (.expired, .due):
            .impossible
        case (.succeeded, .cancel), (.failed, .cancel), (.cancelled, .cancel), (.expired, .cancel): .stale
        case (.succeeded, .hold), (.failed, .hold), (.cancelled, .hold), (.expired, .hold),
            (.succeeded, .release), (.failed, .release), (.cancelled, .release), (.expired, .release),
            (.succeeded, .schedule), (.failed, .schedule), (.cancelled, .schedule), (.expired, .schedule):
            .refused
        }
    }
}

extension Turn {
    /// Does to a task what the table says. The caller writes the task.
    ///
    /// - Returns: whether it has moved.
    @discardableResult
    mutating func move(_ task: inout TaskItem, on event: TaskEvent) throws -> Bool {
        switch task.phase.step(on: event) {
        case .to(.queue) where task.dueAt ?? 0 > now.wall: task.phase = .delayed
        case .to(.queue), .to(.phase(.ready)): try makeReady(&task)
        case .to(.phase(let phase)): task.phase = phase
        case .stale: return false
        // Who asks for it has been refused before.
        case .refused, .impossible:
            note("task \(task.id) is \(task.phase), and was to \(event), which cannot be; nothing was done", isFault: true)
            return false
        }
        return true
    }

    /// Changes a task, moves it as the table says, and writes it. Nil where it does not move: then it stays as it was.
    @discardableResult
    mutating func change(
        _ task: TaskItem, on event: TaskEvent, _ change: (inout TaskItem) -> Void
    ) throws -> TaskItem? {
        var changed = task
        change(&changed)
        guard try move(&changed, on: event) else { return nil }
        try store.update(changed, from: task.place)
        return changed
    }
}
