/// Keeps messages up to date: cards that change, and the reaction that shows a state. A caller says what a message should
/// become, and continues.
///
/// New messages do not go through here: `DiscordREST.createMessage` sends each once, and its priority says who goes first.
public actor SendQueue {
    private var book = SendBook()
    private let rest: any DiscordREST
    private let timekeeper: any Timekeeper
    private let gaveUp: @Sendable (_ message: Snowflake, DiscordError) async -> Void
    private let (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - parameter gaveUp: is called for a message that cannot be brought up to date: it is gone, it is too old to be edited,
    ///   or the bot may not.
    public init(
        _ rest: any DiscordREST, timekeeper: any Timekeeper = SystemTimekeeper(),
        gaveUp: @escaping @Sendable (_ message: Snowflake, DiscordError) async -> Void
    ) {
        self.rest = rest
        self.timekeeper = timekeeper
        self.gaveUp = gaveUp
    }

    /// Lets a message become this, within two seconds or when limits allow it. States that are overtaken by another are never shown; a final one always
    /// is, and nothing after it. False where too many messages wait already.
    @discardableResult public func show(
        _ draft: MessageDraft, as message: Snowflake, in channel: Snowflake, priority: SendPriority = .card,
        isFinal: Bool = false
    ) -> Bool {
        want(.edit(draft), .init(message: message, channel: channel, part: .text), priority, isFinal)
    }

    /// Lets a message have this one of the bot's reactions, and none of the others.
    @discardableResult public func react(
        _ emoji: String?, insteadOf others: [String], to message: Snowflake, in channel: Snowflake
    ) -> Bool {
        let target = SendBook.Target(message: message, channel: channel, part: .reaction)
        return want(.react(emoji, insteadOf: others.filter { $0 != emoji }), target, .card, false)
    }

    private func want(_ work: SendBook.Work, _ target: SendBook.Target, _ priority: SendPriority, _ isFinal: Bool) -> Bool {
        let taken = book.want(work, of: target, priority: priority, isFinal: isFinal, at: timekeeper.now())
        change.yield()
        return taken
    }

    /// Whether everything is as it must be.
    public var isIdle: Bool { book.isEmpty }

    /// Does it, until it is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            var alarm: Moment?
            change.yield()
            for await _ in changes {
                let now = timekeeper.now()
                if let set = alarm, set <= now { alarm = nil }
                for order in book.orders(at: now) { group.addTask { await self.perform(order) } }
                guard let wake = book.wake(after: now), alarm.map({ wake < $0 }) ?? true else { continue }
                alarm = wake
                group.addTask { [timekeeper, change] in
                    guard (try? await timekeeper.sleep(until: wake)) != nil else { return }
                    change.yield()
                }
            }
        }
    }

    private func perform(_ order: SendBook.Order) async {
        do throws(DiscordError) {
            let (message, channel) = (order.target.message, order.target.channel)
            switch order.work {
            case .edit(let draft):
                _ = try await rest.editMessage(message, in: channel, to: draft, priority: order.priority)
            case .react(let emoji, let others):
                // The new one first: at no time is there none.
                if let emoji { try await rest.react(emoji, to: message, in: channel) }
                for other in others { try await rest.takeBackReaction(other, from: message, in: channel) }
            }
            book.done(order.target, at: timekeeper.now())
        } catch {
            if !book.failed(order.target, error, at: timekeeper.now()), error != .cancelled {
                await gaveUp(order.target.message, error)
            }
        }
        change.yield()
    }
}
