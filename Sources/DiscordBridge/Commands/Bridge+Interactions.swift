import DiscordAPI
import FoundationEssentials
import OrchProtocol
import Presentation
import Text

/// Interactions on their way to an answer.
///
/// Each is stored before anything is done for it. Discord then hears that it was taken; only after that its order is carried out, under its
/// own key; then the answer is shown. Each step can be repeated, so it does not matter after which of them the bridge died: what Discord
/// has given up, and who asked has seen fail, is not done, and everything else is done once.
extension Bridge {
    /// For how long an answer can be shown: Discord's 15 minutes, with some room.
    private static let validity: Int64 = 14 * 60_000
    /// How long an order waits for the daemon. Nobody expects after that that something happens.
    private static let patience: Int64 = 10 * 60_000
    /// The same for what is only looked at.
    private static let shortPatience: Int64 = 10_000
    /// For how long a question can be answered.
    static let questionLasts: Int64 = 5 * 60_000
    /// For how long it is known that an interaction came.
    static let interactionsKept: Int64 = 86_400_000
    /// How many may be on their way at once.
    private static let most = 200

    /// Somebody has used something. The second time that it comes it is known.
    mutating func take(_ invocation: Invocation, _ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        if case .typing(let wish, let option) = invocation.use {
            if now - catalogueAt > Self.catalogueLasts { wantsCatalogue = true }
            return [.respond(invocation.ticket, .choices(try complete(wish, option, by: invocation.person, store)))]
        }
        guard try store.interaction(invocation.ticket.id) == nil else { return [] }
        try store.forgetInteractions(before: now - Self.interactionsKept)
        guard try store.countOpenInteractions() < Self.most else {
            return [.respond(invocation.ticket, .say(Content(text: "The bot has too much to do. Try again in a minute.")))]
        }
        switch try decide(invocation, now, store) {
        case .reply(let reply): return [.respond(invocation.ticket, reply)]
        case .ask(let reply, let wish):
            var asked = try row(invocation, now, .asked, .privately, wish: Self.text(wish))
            // It is answered at once, and nothing more is said to it.
            asked.ticket.token = Secret("")
            guard try store.add(asked) else { return [] }
            return [.respond(invocation.ticket, reply)]
        case .order(let order, let manner):
            _ = try store.add(row(invocation, now, .new, manner, order: Self.text(order)))
            return []
        }
    }

    private func row(
        _ invocation: Invocation, _ now: Int64, _ state: InteractionState, _ manner: Manner, wish: String? = nil,
        order: String? = nil
    ) -> InteractionRow {
        InteractionRow(
            ticket: invocation.ticket, at: now, channel: invocation.channel, author: invocation.person.id,
            authorName: invocation.person.name, state: state, manner: manner, wish: wish, order: order)
    }

    /// What has to be done next for those that are on their way.
    mutating func serve(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        var effects: [Effect] = []
        for row in try store.openInteractions() {
            let id = row.ticket.id
            guard now - row.at < Self.validity, !row.ticket.token.stored.isEmpty else {
                effects += try late(row, now, store)
                continue
            }
            switch row.state {
            case .new where desk.start(.acknowledge(id), now, isUrgent: true):
                effects.append(.acknowledge(row.ticket, row.manner))
            case .taken:
                guard let order = Self.order(row) else {
                    try store.finish(interaction: id)
                    continue
                }
                effects += try carryOut(order, row, now, store)
            case .told where desk.start(.tell(id), now, isUrgent: true):
                effects.append(.tell(row.ticket, row.reply.flatMap(Self.content) ?? Content(text: "Done.")))
            default: break
            }
        }
        return effects
    }

    /// It is too late for an answer. A task may have been announced all the same, if the bridge died before it heard of that: then it is one.
    private mutating func late(_ row: InteractionRow, _ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        let id = row.ticket.id
        guard row.state == .told, case .submit? = Self.order(row) else {
            try store.finish(interaction: id)
            return []
        }
        guard desk.start(.tell(id), now, isUrgent: true) else { return [] }
        return [.find(id, place: row.channel, since: Snowflake(firstAt: row.at - Self.clockSlack))]
    }

    private mutating func carryOut(
        _ order: Order, _ row: InteractionRow, _ now: Int64, _ store: BridgeTransaction
    ) throws -> [Effect] {
        let id = row.ticket.id
        let deadline = row.at + (order.isLook ? Self.shortPatience : Self.patience)
        guard !desk.isBusy(.carryOut(id)) else { return [] }
        guard now < deadline else {
            let sentence =
                order.isLook
                ? "The daemon does not answer."
                : "The daemon has not answered. Look at the task before you try it again: it may have been done."
            try store.set(.told, of: id, reply: Self.text(Content(text: sentence)))
            desk.forget(.carryOut(id))
            return desk.start(.tell(id), now, isUrgent: true) ? [.tell(row.ticket, Content(text: sentence))] : []
        }
        if isDaemonThere { return desk.start(.carryOut(id), now) ? [.carryOut(id, order, of: row.author)] : [] }
        desk.delay(.carryOut(id), until: deadline)
        return []
    }

    /// What has come of a step.
    mutating func settle(interaction id: Snowflake, _ work: Work, _ answer: Answer, _ now: Int64, _ store: BridgeTransaction)
        throws
    {
        guard let row = try store.interaction(id) else { return }
        switch (work, answer) {
        case (.acknowledge, .done):
            guard case .submit(let spec, let files)? = Self.order(row) else { return try store.set(.taken, of: id) }
            try store.set(.told, of: id, reply: Self.text(TaskCard.asked(spec, files ?? [], by: row.authorName)))
        case (.acknowledge, _): try store.finish(interaction: id)
        case (.carryOut, .told(let content)): try store.set(.told, of: id, reply: Self.text(content))
        case (.carryOut, .record(let record, _)):
            try store.set(.told, of: id, reply: Self.text(try view(record, row, store)))
        case (.carryOut, .impossible(let reason)):
            let sentence = "No: \(DiscordText.line(reason, atMost: 600))."
            try store.set(.told, of: id, reply: Self.text(Content(text: sentence)))
        case (.carryOut, _): desk.fail(work, now)
        case (.tell, .made(let message)):
            try submit(row, as: message, now, store)
            try store.finish(interaction: id)
        case (.tell, .seen(let messages)):
            let mark = row.reply.flatMap(Self.content)?.mark
            let own = try messages.first { try $0.mark == mark && store.request($0.id) == nil }
            if let own { try submit(row, as: own.id, now, store) }
            try store.finish(interaction: id)
        case (.tell, _):
            // Discord takes no answer any more. An announcement may be there from a try before.
            if case .submit? = Self.order(row), !row.ticket.token.stored.isEmpty {
                try store.forgetToken(of: id)
            } else {
                try store.finish(interaction: id)
            }
        default: try store.finish(interaction: id)
        }
    }

    /// The bridge's own message stands for what somebody has typed: from here on it is as any that was written.
    private func submit(
        _ row: InteractionRow, as message: Snowflake, _ now: Int64, _ store: BridgeTransaction
    ) throws {
        guard case .submit(var spec, let files)? = Self.order(row) else { return }
        intake.sign(
            &spec, by: Person(id: row.author, name: row.authorName), in: row.channel, message: message,
            key: Intake.key(row.ticket.id))
        var request = RequestRow(
            message: message, channel: row.channel, author: row.author, authorName: row.authorName, madeAt: now, state: .new)
        request.spec = try Self.text(spec)
        request.given = files
        request.hasFiles = files != nil
        guard try store.add(request) else { return }
        if !isDaemonThere { try store.want(reaction: configuration.reactions.waiting, below: message) }
    }

    /// A task as it is shown to who asked for it.
    private func view(_ record: TaskRecord?, _ row: InteractionRow, _ store: BridgeTransaction) throws -> Content {
        guard let record else { return Content(text: "orchd does not keep this task any more.") }
        let author = try store.task(record.id).flatMap { try store.request($0.message) }?.authorName ?? "?"
        guard case .result? = Self.order(row) else { return cards.card(record, askedBy: author) }
        return cards.wholeAnswer(record) ?? Content(text: "Task \(record.id) has no answer. It is \(TaskText.state(record)).")
    }

    private static func order(_ row: InteractionRow) -> Order? {
        row.order.flatMap { try? JSONDecoder().decode(Order.self, from: Data($0.utf8)) }
    }

    // MARK: The commands, and what completes them

    /// For how long what is known of agents is good enough, in milliseconds.
    private static let catalogueLasts: Int64 = 60_000

    /// Tells the guild which commands there are, where that has changed, and asks which agents there are.
    mutating func keepOffer(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        var effects: [Effect] = []
        if hasSession, try store.cursor(.commands) != offer, desk.start(.register, now) { effects.append(.register) }
        if isDaemonThere, wantsCatalogue, desk.start(.catalogue, now) { effects.append(.catalogue) }
        return effects
    }

    /// The commands of this guild, as a number.
    static func offer(_ guild: Snowflake) -> Int64 {
        var hash = StableHash()
        hash.add(guild.description)
        hash.add((try? text(Command.registration)) ?? "")
        return hash.value
    }
}
