import DiscordAPI
import OrchProtocol

/// What was written while the bridge was away, or where it was not told.
extension Bridge {
    /// For how long before the last message of a channel edits and deletions are looked for, in milliseconds.
    static let lookBack: Int64 = 86_400_000
    /// How many waiting messages of a channel are compared with what is there.
    private static let comparisons = 500

    /// Where to begin: at the oldest message whose task has not started, which may have been edited or deleted meanwhile.
    mutating func beginReading(
        _ channel: Snowflake, after cursor: Int64, _ now: Int64, _ store: BridgeTransaction
    ) throws -> Snowflake {
        if let page = pages[channel] {
            reads[channel] = Reading(after: page, since: now)
            return page
        }
        var after = Snowflake(stored: cursor)
        let oldest = Snowflake(firstAt: now - Self.lookBack)
        if oldest < after, let first = try store.waitingRequests(in: channel, from: oldest, to: after, limit: 1).first {
            after = Snowflake(first.message.rawValue - 1)
        }
        reads[channel] = Reading(after: after, since: now)
        return after
    }

    /// What a channel or a thread has got since the bridge has read it last.
    mutating func take(_ page: [ChatMessage], isLast: Bool, of channel: Snowflake, _ now: Int64, _ store: BridgeTransaction)
        throws
    {
        if let reading = reads.removeValue(forKey: channel) {
            let last = isLast ? Snowflake(UInt64(Int64.max)) : page.last?.id ?? reading.after
            try compare(page, with: reading, upTo: last, of: channel, now, store)
        }
        for message in page { try take(message, isLate: true, now, store) }
        let isThread = configuration.channel(channel) == nil
        if let last = page.last {
            if isThread {
                threadCursors[channel] = last.id
            } else {
                pages[channel] = last.id
                try store.move(.channel(channel), to: max(last.id.stored, store.cursor(.channel(channel)) ?? 0))
            }
        }
        guard isLast else { return }
        pages[channel] = nil
        if isThread {
            unreadThreads.remove(channel)
            try noteThreads(store)
        } else {
            isRead.insert(channel)
        }
        try decideLate(channel, round: (page.last?.id ?? Snowflake(firstAt: now)).stored, store)
    }

    /// What was edited or deleted since it was read first, among what waits.
    private mutating func compare(
        _ page: [ChatMessage], with reading: Reading, upTo last: Snowflake, of channel: Snowflake, _ now: Int64,
        _ store: BridgeTransaction
    ) throws {
        let first = Snowflake(reading.after.rawValue + 1)
        var present: [Snowflake: ChatMessage] = [:]
        for message in page { present[message.id] = message }
        for row in try store.waitingRequests(in: channel, from: first, to: last, limit: Self.comparisons) {
            if let message = present[row.message] {
                try change(message, now, store)
            } else if row.madeAt < reading.since {
                try withdraw(row.message, store)
            }
        }
    }

    /// Lets messages from the time of absence become tasks, or asks, if they are many.
    private func decideLate(_ channel: Snowflake, round: Int64, _ store: BridgeTransaction) throws {
        let count = try store.count(.late, in: channel)
        if count <= (try settings(of: channel, store))?.catchUp ?? 0 {
            try store.decide(late: channel, .new, andUnsure: false)
        } else {
            try ask("While the bot was away, \(count) tasks were written here.", count, channel, round: round, store)
        }
    }

    /// Lets a person decide about a message that may have been done or not: twice would be as wrong as never.
    func askAboutUnsure(_ row: RequestRow, _ store: BridgeTransaction) throws {
        try store.makeUnsure(row.message)
        let count = try store.count(late: row.channel)
        let why = """
            The bot was stopped while it submitted messages, and orchd no longer keeps the tasks from that time. So it is not known \
            whether these messages have been done (\(count) here wait).
            """
        try ask(why, count, row.channel, round: row.message.stored, store)
    }

    /// A question for each time that there is something to ask; the old one stays answered.
    private func ask(_ why: String, _ count: Int, _ channel: Snowflake, round: Int64, _ store: BridgeTransaction) throws {
        var content = Content(text: why + " Shall they run?")
        content.buttons = [
            .init("Run \(count)", ButtonID(.run, channel.stored), .good), .init("Skip", ButtonID(.skip, channel.stored)),
        ]
        try store.want(.question, channel.stored, round: round, in: channel, content: Self.text(content))
    }

    // MARK: Threads

    /// The threads of tasks that have got something since.
    mutating func find(_ threads: [Snowflake: Snowflake], _ now: Int64, _ store: BridgeTransaction) throws {
        guard let cursor = try store.cursor(.threads) else {
            try store.move(.threads, to: Snowflake(firstAt: now).stored)
            areThreadsKnown = true
            return
        }
        for (thread, latest) in threads where latest.stored > cursor {
            if try store.request(thread) != nil { unreadThreads.insert(thread) }
        }
        areThreadsKnown = true
        try noteThreads(store)
    }

    mutating func readThreads(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        guard hasSession, !unreadThreads.isEmpty, let cursor = try store.cursor(.threads) else { return [] }
        return unreadThreads.sorted().filter { desk.start(.read($0), now) }.map {
            .read(channel: $0, after: threadCursors[$0] ?? Snowflake(stored: cursor))
        }
    }

    /// Only what has been read in all of them is behind the bridge.
    private mutating func noteThreads(_ store: BridgeTransaction) throws {
        guard unreadThreads.isEmpty, let last = threadCursors.values.max() else { return }
        try store.move(.threads, to: max(last.stored, store.cursor(.threads) ?? 0))
        threadCursors = [:]
    }
}
