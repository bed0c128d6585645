import DiscordAPI
import OrchProtocol

/// What is shown of the queue as a whole: one message per place that says how it stands, and news of workers and pools.
extension Bridge {
    /// Between two looks at the daemon, and two messages with news, in milliseconds.
    private static let statusPause: Int64 = 2000
    private static let newsPause: Int64 = 10_000
    private static let batch = 8

    /// Keeps the messages that say how the queue stands, and pins them. Nothing is asked while nothing happens.
    mutating func keepStatus(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        var effects: [Effect] = []
        if !configuration.statusPlaces.isEmpty {
            if isDaemonLost, !isStatusAway {
                isStatusAway = true
                try showStatus(StatusCard.away, store)
            } else if isDaemonThere, isStatusStale, desk.start(.survey, now) {
                isStatusStale = false
                effects.append(.survey)
            }
        }
        for post in try store.unpinnedPosts(limit: Self.batch) where desk.start(.pin(post.id), now) {
            guard let message = post.message else { continue }
            effects.append(.pin(post: post.id, place: post.place, message: message))
        }
        for (post, place, message) in try store.obsoletePosts(limit: Self.batch) where desk.start(.remove(post), now) {
            effects.append(.remove(post: post, place: place, message: message))
        }
        return effects
    }

    mutating func surveyed(_ answer: Answer, _ now: Int64, _ store: BridgeTransaction) throws {
        if case .status(let status) = answer {
            isStatusAway = false
            try showStatus(StatusCard.card(status), store)
        }
        desk.delay(.survey, until: now + Self.statusPause)
    }

    private func showStatus(_ content: Content, _ store: BridgeTransaction) throws {
        for place in configuration.statusPlaces {
            try store.want(.status, place.stored, in: place, content: Self.text(content))
        }
    }

    /// News wait for each other: what happens soon after a message is told in the next.
    mutating func tell(_ news: [String], _ now: Int64, _ store: BridgeTransaction) throws {
        guard let place = configuration.workers, !news.isEmpty else { return }
        if let waiting = try store.waitingNews(), let content = Self.content(waiting.content) {
            try store.set(content: Self.text(News.content(news, after: content)), ofPost: waiting.id)
        } else {
            let id = try store.addNews(in: place, content: Self.text(News.content(news)))
            if now < newsNotBefore { desk.delay(.post(id), until: newsNotBefore) }
            newsNotBefore = max(now, newsNotBefore) + Self.newsPause
        }
    }
}

extension Answer {
    var isStatus: Bool { if case .status = self { true } else { false } }
}
