import Glibc
import SupervisorLink

extension Supervisor {
    /// Serves until a signal ends it.
    func run() {
        notifier.ready()
        announceReadiness()
        // What a former version has left to be done.
        settle()
        while !(isStopping && running.isEmpty) { turn() }
        // The engine learns of the last ends now, or from the next supervisor.
        flushOutbox()
        unlink(configuration.link)
        workspaces.removeSpares()
    }

    private func turn() {
        for event in loop.wait(timeout: timeout()) {
            guard let source = loop.source(of: event.token) else { continue }
            switch source {
            case .listener: acceptEngine()
            case .signals: takeSignals()
            case .engine: serveEngine(event)
            case .leader(let attempt): leaderEnded(attempt)
            case .cgroup(let attempt): cgroupChanged(attempt)
            case .worktree(let attempt): worktreeReported(attempt)
            case .helper(let pid): helperEnded(pid)
            case .lifeline: lifelineEnded()
            }
        }
        settle()
    }

    /// Everything that follows from the events.
    private func settle() {
        runTimers(now: Clock.monotonic)
        if mustLookForOrphans { settleOrphans() }
        commitEnds()
        startWaiting()
        commitEnds()
        startHelpers()
        flushOutbox()
        replaceIfReady()
    }

    /// Milliseconds to the next timer; nil if there is none, and the process sleeps until something happens.
    private func timeout() -> Int64? {
        if mustLookForOrphans { return 0 }
        var next: Int64?
        func consider(_ time: Int64?) {
            if let time { next = min(next ?? time, time) }
        }
        consider(flushAt)
        consider(listenAgainAt)
        consider(notifier.pingAt)
        if isHolding { consider(replaceAskedAt.map { $0 + Supervisor.holdingTime }) }
        consider(engine?.blockedSince.map { $0 + Supervisor.sendPatience })
        for attempt in stopping { consider(running[attempt]?.killAt) }
        return next.map { max(0, $0 - Clock.monotonic) }
    }

    private func runTimers(now: Int64) {
        notifier.pingIfDue(now)
        if let time = flushAt, time <= now { flushAt = nil }
        if let time = listenAgainAt, time <= now {
            listenAgainAt = nil
            listenerToken = try? loop.add(listener.socket, .read, .listener)
            if listenerToken == nil { listenAgainAt = now + 1000 }
        }
        if let since = engine?.blockedSince, since + Supervisor.sendPatience <= now {
            dropEngine(.violation("takes nothing from the link"))
        }
        for attempt in stopping {
            if let time = running[attempt]?.killAt, time <= now { kill(attempt) }
        }
    }

    private func announceReadiness() {
        guard let descriptor = configuration.readyDescriptor else { return }
        var byte = UInt8(ascii: "\n")
        _ = write(descriptor, &byte, 1)
        close(descriptor)
    }
}
