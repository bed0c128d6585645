import OrchProtocol

/// What is said of an event, and under which of the ids in the journal's catalog (`systemd/orchd.catalog`).
enum Story {
    static func sentence(_ event: Event) -> String? {
        let task = event.task.map { "Task \($0)" } ?? "A task"
        let attempt = event.attempt.map { $0 > 1 ? " (attempt \($0))" : "" } ?? ""
        let reason = event.detail.map { ": \($0)" } ?? ""
        let pool = event.pool.map { "\"\($0)\"" } ?? ""
        return switch event.kind {
        case .taskQueued: "\(task) was queued in pool \(pool)\(reason)."
        case .taskStarted:
            "\(task)\(attempt) started on worker \(event.worker ?? "?")\(event.pid.map { " as process \($0)" } ?? "")."
        case .taskRetrying: "\(task)\(attempt) did not succeed\(reason). It will be tried again."
        case .taskFinished:
            switch event.state {
            case .succeeded: "\(task)\(attempt) succeeded."
            case .failed: "\(task)\(attempt) failed\(reason)."
            case .cancelled: "\(task) was cancelled."
            case .expired: "\(task) expired\(reason)."
            default: "\(task) ended\(reason)."
            }
        case .taskHeld: "\(task) is held."
        case .taskReleased: "\(task) was released."
        case .taskUpdated: "\(task) was changed."
        case .poolPaused: "Pool \(pool) was paused."
        case .poolResumed: "Pool \(pool) was resumed."
        case .poolResized: "Pool \(pool) was resized\(reason)."
        case .poolDraining: "Pool \(pool) is draining: it takes no new tasks."
        case .daemonStarted: "orchd has started\(reason)."
        case .daemonDraining: "orchd is draining: it starts nothing more."
        case .daemonReloaded: "The configuration was reloaded\(reason)."
        case .supervisorConnected: "Connected to the supervisor."
        case .supervisorLost: "The supervisor is gone; running tasks are out of sight until it is back."
        }
    }

    /// Made with `systemd-id128 new`, never to change.
    static func messageID(_ event: Event) -> String? {
        switch event.kind {
        case .taskQueued: "e2c87d062b084aa7bbf69e8474e60dac"
        case .taskStarted: "0f5c979c9fbc470889f8508bd95289da"
        case .taskFinished: event.state == .succeeded ? "91bbfb792150465cb13f52f6e15ba1ae" : "3c92855aac4946c59b93c787b0da6bb7"
        default: nil
        }
    }
}
