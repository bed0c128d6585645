/// Lets requests through when it is their turn. It gives `RateLimiter` the time, and its requests something to wait on.
actor Turnstile {
    private var limiter: RateLimiter
    private var waiting: [RateLimiter.ID: CheckedContinuation<Result<Void, DiscordError>, Never>] = [:]
    private var lastID: RateLimiter.ID = 0
    private let timekeeper: any Timekeeper
    private var alarm: (at: Moment, task: Task<Void, Never>)?

    init(timekeeper: any Timekeeper) {
        self.timekeeper = timekeeper
        limiter = RateLimiter(beginningAt: timekeeper.now())
    }

    /// Returns when the request may go. `answered` or `lost` has to follow.
    func pass(_ route: RateRoute, priority: SendPriority, until deadline: Moment) async throws(DiscordError) {
        lastID += 1
        let id = lastID
        let result: Result<Void, DiscordError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else {
                    continuation.resume(returning: .failure(.cancelled))
                    return
                }
                guard limiter.enter(id, for: route, priority: priority, until: deadline) else {
                    continuation.resume(returning: .failure(.limited(for: max(1000, deadline - timekeeper.now()))))
                    return
                }
                waiting[id] = continuation
                turn()
            }
        } onCancel: {
            Task { await self.withdraw(id) }
        }
        try result.get()
    }

    func answered(_ route: RateRoute, status: Int, _ headers: RateHeaders) {
        limiter.answered(route, status: status, headers, at: timekeeper.now())
        turn()
    }

    func lost(_ route: RateRoute) {
        limiter.lost(route, at: timekeeper.now())
        turn()
    }

    private func withdraw(_ id: RateLimiter.ID) {
        guard let continuation = waiting.removeValue(forKey: id) else { return }
        limiter.withdraw(id)
        continuation.resume(returning: .failure(.cancelled))
        turn()
    }

    private func turn() {
        let turn = limiter.turn(at: timekeeper.now())
        for id in turn.go { waiting.removeValue(forKey: id)?.resume(returning: .success(())) }
        for (id, wait) in turn.refused { waiting.removeValue(forKey: id)?.resume(returning: .failure(.limited(for: wait))) }
        set(alarm: turn.wake)
    }

    private func set(alarm moment: Moment?) {
        guard alarm?.at != moment else { return }
        alarm?.task.cancel()
        alarm = moment.map { moment in
            let timekeeper = timekeeper
            return (
                moment,
                Task { [weak self] in
                    guard (try? await timekeeper.sleep(until: moment)) != nil else { return }
                    await self?.rang(moment)
                }
            )
        }
    }

    private func rang(_ moment: Moment) {
        if alarm?.at == moment { alarm = nil }
        turn()
    }

    deinit { alarm?.task.cancel() }
}
