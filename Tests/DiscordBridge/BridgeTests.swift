import DiscordAPI
import OrchProtocol
import TestSupport
import Testing
import Text

@testable import DiscordBridge

/// Lives of the bridge, each decided by its seed: whatever goes wrong, one task for each message that may be one, and all of it shown once.
@Suite struct BridgeTests {
    // The last of them have found faults.
    @Test(arguments: Array(0..<16 as Range<UInt64>) + [16, 55, 58]) func nothingIsLostAndNothingIsTwice(_ seed: UInt64) throws {
        var world = try BridgeWorld(seed)
        for _ in 0..<400 { try world.step() }
        try world.settle(isProgress: false)
        checkWhatWaits(world)
        try checkQuestions(world)
        try world.settle(isProgress: true)
        try check(world)
        try checkQuestions(world)
    }

    /// What waits is what its message says; nothing waits whose message is gone.
    private func checkWhatWaits(_ world: BridgeWorld) {
        guard !world.hasSlept else { return }
        let own = Set(world.discord.uses.compactMap { $0.message?.description })
        for task in world.daemon.tasks where task.state == .queued && world.daemon.ends[task.id] == nil {
            let place = task.labels?["discord.message"] ?? ""
            guard !own.contains(place) else { continue }
            let message = world.discord.history.first { place == $0.id.description }
            #expect(task.prompt == message?.content, "task \(task.id)")
        }
    }

    /// Each question that is open is there once, with its buttons; what is not open says what has come of it, and has none.
    private func checkQuestions(_ world: BridgeWorld) throws {
        for question in world.daemon.questions.values.joined() {
            let shown = world.discord.messages.filter { $0.content.card?.body == question.text }
            let isKnown =
                try world.request(
                    Snowflake(world.daemon.record(question.task)?.labels?["discord.message"] ?? "") ?? Snowflake(0)) != nil
            #expect(shown.count <= 1, "\(question.id)")
            guard isKnown else { continue }
            if question.state == .open { #expect(shown.count == 1, "\(question.id)") }
            guard let content = shown.first?.content else { continue }
            #expect(content.buttons.compactMap(\.answer) == (question.state == .open ? ["yes", "no"] : []), "\(question.id)")
            if question.state == .answered { #expect(content.card?.fields.first?.value == question.answer, "\(question.id)") }
            #expect(content.calls == (question.state == .open ? BridgeWorld.alice.id : nil))
        }
        // An answer that the daemon took was its first.
        let answered = world.daemon.done.compactMap { if case .answer(let name, _) = $0 { name } else { nil } }
        #expect(Set(answered).count == answered.count)
    }

    private func check(_ world: BridgeWorld) throws {
        let discord = world.discord
        for message in discord.history { try check(world, message.id, message.author, message.channel) }
        for message in discord.deleted {
            let tasks = world.daemon.tasks.filter { $0.labels?["discord.message"] == message.id.description }
            #expect(tasks.count <= (message.author == BridgeWorld.alice ? 1 : 0))
        }
        for use in discord.uses { try check(world, use) }
        let status = discord.messages.filter { $0.place == BridgeWorld.status }
        #expect(status.map(\.content) == [StatusCard.card(world.daemon.status)])
        #expect(discord.pins == Set(status.map(\.id)))
        #expect(!world.daemon.tasks.isEmpty)
    }

    /// A message that is a task, whoever has written it down: one task, and all of it shown once.
    private func check(_ world: BridgeWorld, _ message: Snowflake, _ author: Person, _ channel: Snowflake) throws {
        let discord = world.discord
        let tasks = world.daemon.tasks.filter { $0.labels?["discord.message"] == message.description }
        let row = try world.request(message)
        let text = Comment(rawValue: "\(message) in \(channel): \(row.map { "\($0)" } ?? "not known")")
        guard author == BridgeWorld.alice else {
            #expect(tasks.isEmpty, text)
            return
        }
        // Who wrote it was told why not, or is asked. After a month the thread of a task is nothing to the bridge.
        let isTold = discord.messages.contains { $0.content.answers == message }
        let isAsked = discord.messages.contains { $0.place == channel && $0.content.text.contains("Shall they run?") }
        #expect(tasks.count <= 1, text)
        #expect(!tasks.isEmpty || isTold || world.hasSlept && (isAsked || row == nil), text)
        #expect(row != nil || tasks.isEmpty || world.hasSlept, text)
        guard let task = tasks.first, row != nil, !world.daemon.retired.contains(task.id) else { return }
        let isFollowUp = channel != BridgeWorld.channel
        #expect((task.labels?["discord.follows"] != nil) == isFollowUp)
        let thread = isFollowUp ? channel : message
        let footer = "task \(task.id) · alice"
        let cards = discord.messages.filter { $0.place == thread && $0.content.card?.footer == footer }
        #expect(cards.count == 1, "\(cards.count) cards of \(task.id)")
        #expect(cards.first?.content.card?.body == "**\(task.state.rawValue)**")
        let ends = discord.messages.filter { $0.place == BridgeWorld.results && $0.content.card?.footer == footer }
        // What was tried again before anybody looked at it has no card; how it is now has one, the last.
        let count = world.daemon.ends[task.id, default: 0]
        let times = ends.map { $0.content.card?.fields.first { $0.name == "Took" }?.value }
        #expect(times.last == "\(count)s")
        #expect(Set(times).count == ends.count && (1...count).contains(ends.count), "\(times) of \(count) ends of \(task.id)")
        let answers = discord.messages.filter { $0.place == thread && $0.content.text.hasPrefix("answer \(task.id), ") }
            .map(\.content.text)
        #expect(Set(answers).count == answers.count, "\(answers)")
        if task.state == .succeeded { #expect(answers.last == "answer \(task.id), \(count)") }
        #expect(discord.threads.contains(thread))
        #expect(discord.reactions[message] == [task.state == .succeeded ? "✅" : "❌"])
    }

    /// What was used does its work once where Discord has heard of it in time, and never where who used it saw it fail.
    private func check(_ world: BridgeWorld, _ use: SimulatedDiscord.Use) throws {
        let isAllowed = use.invocation.person == BridgeWorld.alice
        let isTaken = use.state == .deferred
        // An answer that came too late is none, and whoever waits for the daemon for ten minutes is told.
        let isExcused = use.isLost || use.shown?.text.contains("has not answered") ?? false
        if isTaken { #expect(use.shown != nil || use.isLost, "\(use.invocation.use)") }
        guard case .command(let wish) = use.invocation.use else { return }
        switch wish.path {
        case "task":
            let tasks = world.daemon.tasks.filter { $0.prompt == wish.text(.prompt) }
            guard isAllowed, isTaken, let message = use.message else {
                #expect(tasks.isEmpty, "\(wish)")
                return
            }
            if let task = tasks.first, !world.hasSlept { #expect(task.prompt == wish.text(.prompt)) }
            try check(world, message, use.invocation.person, BridgeWorld.channel)
        case "priority":
            let count = world.daemon.done.count {
                if case .prioritize(_, let priority) = $0 { priority == wish.number(.priority) } else { false }
            }
            #expect(count <= (isAllowed && isTaken ? 1 : 0), "\(wish)")
            if isAllowed, isTaken, !isExcused { #expect(count == 1, "\(wish)") }
        case "logs follow":
            // What it has written is told once, in order, and to its end.
            guard isAllowed, use.shown?.text.hasPrefix("What task") ?? false, let id = wish.numbers(.task)?.first,
                !world.daemon.retired.contains(id)
            else {
                return
            }
            let place = world.daemon.record(id)?.labels?["discord.message"]
            let told = world.discord.messages.filter { $0.place.description == place && $0.content.text.contains("line ") }
                .flatMap { $0.content.text.split(separator: "\n").filter { $0.hasPrefix("line") } }
            #expect(told == (0..<world.daemon.lines[id, default: 0]).map { "line \($0) of \(id)" })
        case "stop task":
            #expect(use.state != .deferred, "a question first: \(wish)")
        default: break
        }
    }
}
