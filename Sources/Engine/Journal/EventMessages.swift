import DaemonConfiguration
import OrchProtocol

enum EventMessages {
    /// What is said of an event, and under which of the ids in the journal's catalog (`systemd/orchd.catalog`), which explains some of
    /// them. The ids are random numbers, never to change.
    static func message(_ event: Event) -> (id: String, sentence: String)? {
        let task = event.task.map { "Task \($0)" } ?? "A task"
        let attempt = event.attempt.map { $0 > 1 ? " (attempt \($0))" : "" } ?? ""
        let reason = event.detail.map { ": \($0)" } ?? ""
        let pool = event.pool.map { "\"\($0)\"" } ?? ""
        let (worker, by) = (event.worker ?? "?", event.by.map { " by \($0)" } ?? "")
        let question = "Question \(event.question ?? "?")"
        let process = event.pid.map { " as process \($0)" } ?? ""
        let cancelled = event.detail.flatMap { $0.hasPrefix("cancelled ") ? $0 : nil } ?? "cancelled"
        return switch event.kind {
        case .taskQueued: ("e2c87d062b084aa7bbf69e8474e60dac", "\(task) was queued in pool \(pool)\(reason).")
        case .taskStarted: ("0f5c979c9fbc470889f8508bd95289da", "\(task)\(attempt) started on worker \(worker)\(process).")
        case .taskRouting: ("b7a1d0c4e65f4e0f9d3b28c6a17f5e94", "\(task) is being routed\(reason).")
        case .taskRouted: ("4d6fe2b18c3a4a7795f0c2e9b6d81a3c", "\(task) was routed to pool \(pool)\(reason).")
        case .taskRetrying:
            ("812a4ced306d4dcdb444e52f7ef801b8", "\(task)\(attempt) did not succeed\(reason). It will be tried again.")
        case .taskFinished:
            switch event.state {
            case .succeeded: ("91bbfb792150465cb13f52f6e15ba1ae", "\(task)\(attempt) succeeded.")
            case .failed: ("3c92855aac4946c59b93c787b0da6bb7", "\(task)\(attempt) failed\(reason).")
            case .cancelled: ("e1a95f55eafb4bddbfe67f779ec9c740", "\(task) was \(cancelled)\(by).")
            case .expired: ("76de92e649c84990978f5beb028b2988", "\(task) expired\(reason).")
            default: ("3c92855aac4946c59b93c787b0da6bb7", "\(task) ended\(reason).")
            }
        case .taskHeld: ("442c17c5d387463a9282aa86cb95bcb4", "\(task) was held\(by).")
        case .taskReleased: ("9ff00e7089234ffab8b2ed63d1f00d4d", "\(task) was released\(by).")
        case .taskUpdated: ("c02df873043145e1ac8a1c543d8ed23c", "\(task) was changed\(by).")
        case .taskPaused: ("3f6c1a8be5d24d0f8a7b92c4e01d6f57", "\(task)\(attempt) was paused\(by).")
        case .taskResumed: ("c85e0f47a2b94d3f9b16d7e3584a0c21", "\(task)\(attempt) was resumed\(by).")
        case .tasksRemoved: ("5e0c9f1d7b3a4862a4d18f60c27be935", "\(event.detail ?? "Tasks") were removed from the queue\(by).")
        case .questionAsked: ("1a1f5674f4004ed4b8017ec3b8ceb10e", "\(question) was asked\(reason).")
        case .questionAnswered: ("7dbe65742f3f437fa00fddf5d1cc3016", "\(question) was answered\(by)\(reason).")
        case .questionExpired:
            ("0f7e4d58693446d1888344a37e30fc18", "\(question) expired: \(event.detail ?? "nobody answered").")
        case .questionWithdrawn: ("2d66f2b11cfc4fef9c79244586b26910", "\(question) was withdrawn\(reason).")
        case .workerReady: ("5b0d2c9e1f6a4d0c8a3e7b64d9c0f152", "Worker \(event.worker ?? pool) is ready for a task.")
        case .workerExited:
            ("c1f49a7be83245d6b0d27c5e90a86f3d", "Worker \(event.worker ?? pool) ended without a task\(reason).")
        case .poolPaused: ("a204cde3d18f472f9e4c6a1da5800318", "Pool \(pool) was paused\(by).")
        case .poolResumed: ("c691b31c36384b64b1e21f7b469f1bc7", "Pool \(pool) was resumed\(by).")
        case .poolResized: ("8802af98e9dc43709e50c4dfc88b0087", "Pool \(pool) was resized\(by)\(reason).")
        case .poolDraining: ("eda82730c5fd47a0adaa883f34367813", "Pool \(pool) was drained\(by): it takes no new tasks.")
        case .daemonStarted: ("01df9b01dd7d4210b7681f4a4d41eae8", "orchd is ready\(reason).")
        case .daemonDraining: ("bd1a480133c945369005df53eb74ae1f", "orchd is draining: it starts no more tasks.")
        case .daemonReloaded: ("85eebe01f42c48b898b65a3756ea31c8", "The configuration was reloaded\(reason).")
        case .daemonRestored:
            ("8d2a06545f594d0c835dae40762fedc1", "The queue was restored\(event.detail.map { " " + $0 } ?? "").")
        case .gateClosed: ("e4bb45227f5a43c4b32bfdf5266c4327", "Tasks wait at the gate \(event.gate ?? "?")\(reason).")
        case .gateOpened: ("33818c1084244fdc82f781856de47c14", "The gate \(event.gate ?? "?") is open again\(reason).")
        case .supervisorConnected: ("00011d88f4ad442fb1793ccf72170886", "Connected to the supervisor.")
        case .supervisorLost:
            (
                "aca03a6e034c40b8a74b5b7847f0dc1d",
                "Lost the supervisor; the state of running tasks is unknown until it reconnects."
            )
        default: nil
        }
    }

    /// For a request without permission, which is not an event either.
    static let refusedID = "6f0b6a5c2f7d4b1e9c8e3d7a4f215b90"

    /// For a fault of the machine that affects the daemon, which is not an event.
    static let degradedID = "77f91159598f49ecb292a4a39e338ff9"
}
