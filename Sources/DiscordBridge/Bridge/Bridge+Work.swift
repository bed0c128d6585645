import DiscordAPI
import OrchProtocol

/// What is missing, and what has come of it.
extension Bridge {
    /// How much of one kind is looked at in a turn.
    private static let batch = 32
    /// Between two edits of one message, in milliseconds: more would only be held back by Discord.
    static let editPause: Int64 = 2000
    /// For how long more is added to a summary.
    private static let summaryTime: Int64 = 600_000
    /// After Discord has refused the commands.
    private static let registrationPause: Int64 = 3_600_000
    /// Among the reactions of a message: whether they are so is not known.
    private static let unsettled = "?"
    /// How much Discord's clock may be behind this one.
    static let clockSlack: Int64 = 300_000

    /// The effects that bring about what the store says should be.
    mutating func missing(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        desk.tidy(now)
        var effects = try serve(now, store) + keepOffer(now, store)
        if isDaemonThere { effects += try askDaemon(now, store) + readLogs(now, store) }
        for channel in configuration.channels where !isRead.contains(channel.id) {
            guard let cursor = try store.cursor(.channel(channel.id)) else {
                // The first time: what was written before the bridge came is not for it.
                try store.move(.channel(channel.id), to: Snowflake(firstAt: now).stored)
                isRead.insert(channel.id)
                continue
            }
            guard hasSession, desk.start(.read(channel.id), now) else { continue }
            effects.append(.read(channel: channel.id, after: try beginReading(channel.id, after: cursor, now, store)))
        }
        effects += try readThreads(now, store) + keepStatus(now, store)
        for task in try store.threadsToOpen(limit: Self.batch) where desk.start(.thread(task.id), now) {
            guard let request = try store.request(task.message) else { continue }
            effects.append(.openThread(task: task.id, name: task.title, message: task.message, channel: request.channel))
        }
        effects += try send(now, store)
        for (message, channel, wanted, shown) in try store.reactions(limit: Self.batch)
        where desk.start(.reaction(message), now) {
            // Noted before it is done: after a crash nobody knows which of them is there.
            let others = shown.filter { $0 != wanted }
            reactions[message] = wanted
            try store.shown(reactions: others + [wanted, Self.unsettled], below: message)
            effects.append(
                .react(message: message, channel: channel, add: wanted, remove: others.filter { $0 != Self.unsettled }))
        }
        return effects
    }

    private mutating func askDaemon(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        var effects: [Effect] = []
        for task in try store.withdrawnTasks(limit: Self.batch) where desk.start(.withdraw(task.id), now) {
            effects.append(.withdraw(task.id))
        }
        effects += try order(now, store)
        for task in try store.changedTasks(limit: Self.batch) where desk.start(.fetch(task.id), now) {
            fetches[task.id] = task.changed
            effects.append(.fetch(task.id, asking: try store.openQuestions(of: task.id).map(\.number)))
        }
        return effects
    }

    private mutating func send(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        var effects: [Effect] = []
        for post in try store.nextPosts(limit: Self.batch) where places[post.place] == nil {
            if [.card, .answer, .log, .ask].contains(post.kind), try store.task(post.subject)?.thread == .wanted { continue }
            if post.kind == .end, try merge(post.place, now, store) { continue }
            guard let content = Self.content(post.content) else {
                try store.set(.gone, ofPost: post.id)
                continue
            }
            guard desk.start(.post(post.id), now) else { continue }
            places[post.place] = post.id
            if post.state == .sending {
                searches.insert(post.id)
                effects.append(
                    .look(
                        post: post.id, place: post.place,
                        since: Snowflake(firstAt: post.since - Self.clockSlack)))
            } else {
                try store.sending(post: post.id, since: now)
                effects.append(.create(post: post.id, post.kind, place: post.place, content, nonce: try nonce(post, store)))
            }
        }
        for post in try store.stalePosts(limit: Self.batch) where desk.start(.post(post.id), now) {
            guard let content = Self.content(post.content), let message = post.message else { continue }
            edits[post.id] = post.content
            effects.append(.edit(post: post.id, place: post.place, message: message, content))
        }
        return effects
    }

    /// Where too many ends wait in a place, one summary reports them all. What ends soon after them is added to it.
    private func merge(_ place: Snowflake, _ now: Int64, _ store: BridgeTransaction) throws -> Bool {
        let waiting = try store.waitingEnds(in: place, limit: 10_000)
        guard waiting.count > configuration.burst, let next = waiting.first else { return false }
        for post in waiting { try store.set(.merged, ofPost: post.id) }
        let first = try store.latestSummary(in: place, after: now - Self.summaryTime) ?? next.id
        let content = TaskCard.summary(try store.mergedEnds(in: place, from: first))
        try store.want(.summary, first, in: place, content: Self.text(content))
        return true
    }

    /// At most 25 characters, and of this database alone.
    private func nonce(_ post: PostRow, _ store: BridgeTransaction) throws -> String {
        let numbers = [try store.cursor(.salt) ?? 0, post.id, post.edition]
        return numbers.map { String($0, radix: 36) }.joined(separator: "-")
    }

    // MARK: What has come of it

    mutating func settle(_ work: Work, _ answer: Answer, _ now: Int64, _ store: BridgeTransaction) throws {
        if case .post(let id) = work {
            try settle(post: id, answer, now, store)
            return
        }
        if let message = messageWithFiles, work == .submit(message) { messageWithFiles = nil }
        if case .unfetched = answer, desk.failures(of: work) < Self.fetches - 1 {
            desk.fail(work, now)
            return
        }
        if work == .survey { isStatusStale = isStatusStale || !answer.isStatus }
        if case .later(let wait) = answer {
            desk.fail(work, now, atLeast: wait)
            return
        }
        if case .unclear = answer {
            // Each of these may be done twice.
            desk.fail(work, now)
            return
        }
        desk.finish(work)
        switch (work, answer) {
        case (.acknowledge(let id), _), (.carryOut(let id), _), (.tell(let id), _):
            try settle(interaction: id, work, answer, now, store)
        case (.log(let task), _): try settle(log: task, answer, now, store)
        case (.register, .done): try store.move(.commands, to: offer)
        case (.register, _): desk.delay(work, until: now + Self.registrationPause)
        case (.catalogue, .agents(let agents)): (catalogue, catalogueAt, wantsCatalogue) = (agents, now, false)
        case (.submit(let message), _): try submitted(message, answer, now, store)
        case (.fetch(let task), .record(let record, let ended)):
            try show(record, ended, task, asOf: fetches.removeValue(forKey: task) ?? 0, now, store)
        case (.fetch, _): desk.fail(work, now)
        case (.survey, _): try surveyed(answer, now, store)
        case (.pin(let post), _): try store.pinned(post: post)
        case (.remove(let post), _): try store.removed(post: post)
        case (.amend(let message), _): try amended(message, answer, store)
        case (.verify(let message), _): try verified(message, answer, now, store)
        case (.withdraw(let task), _): try store.withdraw(task: task, false)
        case (.read(let channel), .page(let messages, let isLast)):
            let isOutdated = outdatedReads.remove(channel) != nil
            try take(messages, isLast: isLast && !isOutdated, of: channel, now, store)
            // All of it once more: what has happened to what was read is not known.
            if isOutdated { pages[channel] = nil }
        case (.read(let channel), .impossible):
            isRead.insert(channel)
            unreadThreads.remove(channel)
        case (.thread(let task), .impossible):
            try store.set(thread: .impossible, of: task)
            if let row = try store.task(task), let request = try store.request(row.message) {
                try store.redirect(task: task, to: request.channel)
            }
        case (.thread(let task), _): try store.set(thread: .open, of: task)
        case (.reaction(let message), _):
            if let shown = reactions.removeValue(forKey: message) { try store.shown(reactions: [shown], below: message) }
        default: break
        }
    }

    private mutating func settle(post id: Int64, _ answer: Answer, _ now: Int64, _ store: BridgeTransaction) throws {
        let work = Work.post(id)
        let edit = edits.removeValue(forKey: id)
        let isSearch = searches.remove(id) != nil
        guard let post = try store.post(id) else { return desk.finish(work) }
        if places[post.place] == id { places[post.place] = nil }
        switch answer {
        case .later(let wait):
            // A search that has to wait has found out nothing.
            if edit == nil, !isSearch { try store.set(.wanted, ofPost: id) }
            desk.fail(work, now, atLeast: wait)
        case .unclear: desk.fail(work, now)
        case .impossible:
            // One that can no longer be changed, such as after an hour of changes, is said again.
            // A place that cannot be read cannot be written to either.
            if edit != nil { try store.sendAgain(post: id) } else { try store.set(.gone, ofPost: id) }
            desk.finish(work)
        case .made(let message):
            try store.shown(post: id, as: message)
            desk.finish(work)
            desk.delay(work, until: now + Self.editPause)
        case .seen(let messages):
            let mark = post.sent.flatMap(Self.content)?.mark
            let own = try messages.first { try $0.mark == mark && !store.isKnown(message: $0.id) }
            if let own { try store.shown(post: id, as: own.id) } else { try store.set(.wanted, ofPost: id) }
            desk.finish(work)
        default:
            if let edit { try store.shown(post: id, content: edit) }
            desk.finish(work)
            desk.delay(work, until: now + Self.editPause)
        }
    }
}
