import DiscordAPI
import OrchClient
import OrchProtocol

/// The bridge itself: what follows from what happens. It does no I/O and reads no clock; what must not be forgotten is in the store.
///
/// It works by levels and not by edges: a commit says how things should be (this message is a task, that card says this), and
/// the next effects are whatever is missing. So it does not matter at which point the one before it died.
public struct Bridge: Sendable {
    public let configuration: BridgeConfiguration
    let intake: Intake
    let cards: TaskCard
    /// Volatile, all of it: a new bridge finds out.
    var desk = Desk()
    var isDaemonThere = false
    /// The channels of which everything has been read that was written before the session.
    var isRead: Set<Snowflake> = []
    var outdatedReads: Set<Snowflake> = []
    /// The last event that was looked at; the store may be behind where none was of interest.
    var lastEvent: Int64?
    var hasSession = false
    /// Of a task that is being asked for: how often it had changed.
    var fetches: [Int64: Int64] = [:]
    /// What is being put below a message.
    var reactions: [Snowflake: String] = [:]
    /// What the message is being changed to.
    var edits: [Int64: String] = [:]
    /// The messages that are being looked for.
    var searches: Set<Int64> = []
    /// Where a message is on its way.
    var places: [Snowflake: Int64] = [:]
    /// What tasks are being changed to, by message.
    var amendments: [Snowflake: String] = [:]
    /// The message whose files are being fetched.
    var messageWithFiles: Snowflake?
    /// What is being read: after which message, and since when.
    var reads: [Snowflake: Reading] = [:]
    /// Up to where a channel has been read that has more.
    var pages: [Snowflake: Snowflake] = [:]
    /// The threads with messages that were not told.
    var unreadThreads: Set<Snowflake> = []
    var areThreadsKnown = false
    /// Up to where the unread ones have been read.
    var threadCursors: [Snowflake: Snowflake] = [:]
    /// Whether anything has happened since the daemon was asked how the queue stands.
    var isStatusStale = true
    var isDaemonLost = false
    /// Whether it is shown that the daemon is away.
    var isStatusAway = false
    /// When news may be told again.
    var newsNotBefore: Int64 = 0
    /// Messages that were deleted while they were being submitted.
    var withdrawnInFlight: Set<Snowflake> = []
    /// Which agents there are, as of then: for completion.
    var catalogue: [AgentRecord] = []
    var catalogueAt: Int64 = 0
    var wantsCatalogue = true
    /// The commands, as a number.
    let offer: Int64

    /// - Parameter bot: the bridge's own account.
    public init(_ configuration: BridgeConfiguration, bot: Snowflake) {
        self.configuration = configuration
        intake = Intake(bot: bot)
        cards = TaskCard(configuration)
        offer = Self.offer(configuration.guild)
    }

    /// One turn: the inputs are dealt with, and what is missing then is ordered. Throws only what the store throws; this value must then
    /// be dropped, together with the transaction.
    ///
    /// - Parameter now: milliseconds since 1970.
    public mutating func turn(_ inputs: [Input], now: Int64, in store: BridgeTransaction) throws -> [Effect] {
        var effects: [Effect] = []
        for input in inputs { effects += try take(input, now, store) }
        return effects + (try missing(now, store))
    }

    /// When the next turn is due at the latest; nil where nothing waits for a time.
    public var wakeUp: Int64? { desk.wakeUp }

    private mutating func take(_ input: Input, _ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        switch input {
        case .daemon(let updates): try follow(updates, now, store)
        case .session(let isNew):
            hasSession = true
            if isNew {
                isRead = []
                areThreadsKnown = false
                pages = [:]
                _ = try store.forget(before: now - Self.retention)
                try store.forgetNews()
                try store.doubtStatus()
                // What is being read now may have ended before the session began.
                outdatedReads = Set(configuration.channels.map(\.id).filter { desk.isBusy(.read($0)) })
            }
        case .message(let message):
            try take(message, isLate: false, now, store)
            // Before the channel has been read, what is older would be passed over after a crash.
            if isRead.contains(message.channel) { try store.move(.channel(message.channel), to: message.id.stored) }
            if areThreadsKnown, unreadThreads.isEmpty, configuration.channel(message.channel) == nil {
                try store.move(.threads, to: message.id.stored)
            }
        case .threads(let threads): try find(threads, now, store)
        case .edited(let message): try change(message, now, store)
        case .deleted(let messages):
            for message in messages {
                try store.replace(status: message)
                try withdraw(message, store)
            }
        case .invoked(let invocation): return try take(invocation, now, store)
        case .answered(let work, let answer): try settle(work, answer, now, store)
        case .tick: break
        }
        return []
    }

    private mutating func follow(_ updates: [Follow.Update], _ now: Int64, _ store: BridgeTransaction) throws {
        var news: [String] = []
        isStatusStale = true
        let known = try lastEvent ?? store.cursor(.events) ?? 0
        var last = known
        var isOfInterest = false
        for update in updates {
            switch update {
            case .connected(let newest):
                isDaemonThere = true
                isDaemonLost = false
                desk.forgetDelays { $0.isForDaemon }
                if try store.cursor(.events) == nil {
                    last = newest
                    isOfInterest = true
                }
            case .disconnected:
                isDaemonThere = false
                isDaemonLost = true
            case .gap(_, let before):
                try store.touchAll()
                last = before - 1
                isOfInterest = true
            case .event(let event):
                last = event.seq
                if let task = event.task, try store.touch(task: task) { isOfInterest = true }
                if configuration.workers != nil, event.seq > known, let line = News.line(event) { news.append(line) }
            }
        }
        lastEvent = last
        isOfInterest = isOfInterest || !news.isEmpty
        try tell(news, now, store)
        // A commit for each event of a daemon that does much for others would cost the disk more than it is worth.
        let stored = try store.cursor(.events) ?? 0
        if isOfInterest || last - stored >= Self.eventsBehind { try store.move(.events, to: last) }
    }

    /// For how long it is known what has happened to a message, in milliseconds.
    private static let retention: Int64 = 30 * 86_400_000
    /// How many events of no interest may have to be read again after a restart.
    private static let eventsBehind: Int64 = 1000

    struct Reading: Sendable {
        var after: Snowflake
        var since: Int64
    }

    /// What is on its way, or has to wait.
    struct Desk: Sendable {
        private var busy: Set<Work> = []
        private var notBefore: [Work: Int64] = [:]
        private var failures: [Work: Int] = [:]

        /// The most that is on its way at once.
        private static let capacity = 48

        /// Whether it must be done now; then it is on its way until it is settled.
        ///
        /// - Parameter isUrgent: whether it is done besides that: somebody waits for it, and Discord not for long.
        mutating func start(_ work: Work, _ now: Int64, isUrgent: Bool = false) -> Bool {
            guard isUrgent || busy.count < Self.capacity, !busy.contains(work), notBefore[work] ?? 0 <= now else {
                return false
            }
            notBefore[work] = nil
            return busy.insert(work).inserted
        }

        /// How often it has failed in a row.
        func failures(of work: Work) -> Int { failures[work] ?? 0 }

        func isBusy(_ work: Work) -> Bool { busy.contains(work) }

        mutating func finish(_ work: Work) {
            busy.remove(work)
            failures[work] = nil
        }

        /// Not to be done before then.
        mutating func delay(_ work: Work, until time: Int64) { notBefore[work] = time }

        /// To be tried again, each time after twice the wait.
        mutating func fail(_ work: Work, _ now: Int64, atLeast wait: Int64 = 0) {
            busy.remove(work)
            let count = failures[work, default: 0]
            failures[work] = count + 1
            notBefore[work] = now + max(wait, min(300_000, 1000 << Int64(min(count, 9))))
        }

        /// It will not be done.
        mutating func forget(_ work: Work) {
            notBefore[work] = nil
            failures[work] = nil
        }

        mutating func forgetDelays(_ isMeant: (Work) -> Bool) {
            notBefore = notBefore.filter { !isMeant($0.key) }
            failures = failures.filter { !isMeant($0.key) }
        }

        /// Drops what is over.
        mutating func tidy(_ now: Int64) { notBefore = notBefore.filter { $0.value > now } }

        var wakeUp: Int64? { notBefore.values.min() }
    }
}
