import DiscordAPI
import FoundationEssentials
import OrchProtocol
import Presentation
import Text

/// What a command, a button or a form means, and whether who used it may have it. Everything comes here, also a second time when a question was
/// answered: a role may be gone since.
extension Bridge {
    enum Decision {
        case reply(Reply)
        /// Who asked has to say more first: what follows then.
        case ask(Reply, Wish)
        case order(Order, Manner)

        static func say(_ text: String) -> Self { .reply(.say(Content(text: text))) }
    }

    /// How many tasks one command stops at most.
    private static let mostAtOnce = 1000

    func decide(_ invocation: Invocation, _ now: Int64, _ store: BridgeTransaction) throws -> Decision {
        let person = invocation.person
        guard person.kind != .own, person.kind != .webhook else { return .say("No.") }
        switch invocation.use {
        case .command(let wish): return try decide(wish, invocation, isConfirmed: false, now, store)
        case .button(let button): return try decide(button, invocation, now, store)
        case .form(let id, let texts):
            guard var wish = try open(id, for: person, store) else { return .say("This form is no longer known. Begin again.") }
            let typed: Command.Kind = Command.named(wish.path)?.deed == .answer ? .answer : .prompt
            wish.values[Command.Option.may(typed).name] = .string(texts[Form.field] ?? "")
            return try decide(wish, invocation, isConfirmed: false, now, store)
        case .typing, .unknown: return .say("The bot does not know this any more. Use a command instead.")
        }
    }

    /// What follows a question or a form of the same person.
    private func open(_ id: Snowflake, for person: Person, _ store: BridgeTransaction) throws -> Wish? {
        guard let row = try store.interaction(id), row.state == .asked, row.author == person.id, let text = row.wish else {
            return nil
        }
        try store.finish(interaction: id)
        return try? JSONDecoder().decode(Wish.self, from: Data(text.utf8))
    }

    private func decide(
        _ button: ButtonID, _ invocation: Invocation, _ now: Int64, _ store: BridgeTransaction
    ) throws -> Decision {
        let task = OptionValue.string("\(button.subject)")
        switch button.action {
        case .run, .skip: return try decide(late: button, by: invocation.person, store)
        case .stop: return try decide(Wish("stop task", ["tasks": task]), invocation, isConfirmed: true, now, store)
        case .retry: return try decide(Wish("retry", ["task": task]), invocation, isConfirmed: true, now, store)
        case .answer:
            guard let wish = try answer(button, store) else { return .say("The bot does not know this any more.") }
            return try decide(wish, invocation, isConfirmed: true, now, store)
        case .logs: return try decide(Wish("logs show", ["task": task]), invocation, isConfirmed: true, now, store)
        case .raise:
            let priority = (try store.task(button.subject)?.priority ?? 0) + 1
            return try decide(
                Wish("priority", ["task": task, "priority": .integer(Int64(priority))]), invocation, isConfirmed: true, now,
                store)
        case .confirm, .leave:
            let id = Snowflake(stored: button.subject)
            let age = try store.interaction(id).map { now - $0.at }
            guard let wish = try open(id, for: invocation.person, store) else {
                return .reply(.become(Content(text: "This question was answered before, or is not yours.")))
            }
            guard button.action == .confirm else { return .reply(.become(Content(text: "Nothing was changed."))) }
            guard let age, age < Self.questionLasts else {
                return .reply(.become(Content(text: "This question is too old. Use the command again.")))
            }
            return try decide(wish, invocation, isConfirmed: true, now, store)
        }
    }

    private func decide(
        _ wish: Wish, _ invocation: Invocation, isConfirmed: Bool, _ now: Int64, _ store: BridgeTransaction
    ) throws -> Decision {
        guard let command = Command.named(wish.path) else {
            return .say("The bot does not know this command. Discord shows the new ones when you type a slash.")
        }
        guard let place = try place(of: invocation, store) else { return .say("The bot does not work in this channel.") }
        let person = invocation.person
        let pools = configuration.authorizer.pools(for: command.verb, person)
        // Who may do it nowhere is told so, and nothing more.
        if let reason = refusal(.init(command.verb, pool: pools.first ?? wish.text(.pool) ?? ""), person) {
            return .say(reason)
        }
        let manner: Manner =
            if case .button(let button) = invocation.use, button.action == .confirm { .inPlace } else { .privately }
        func pool(_ order: (String) -> Decision) -> Decision {
            guard let pool = wish.text(.pool) else { return .say("Which pool?") }
            if let reason = refusal(.init(command.verb, pool: pool), person) { return .say(reason) }
            return order(pool)
        }
        switch command.deed {
        case .submit: return try submission(wish, invocation, in: place, now, store)
        case .status: return .order(.status(pools), manner)
        case .usage: return .order(.usage(pools, days: min(max(wish.number(.days) ?? 1, 1), 365)), manner)
        case .agents: return .order(.agents(pools), manner)
        case .models: return .order(.models(pools), manner)
        case .list: return try list(wish, command, person, store)
        case .pools:
            guard wish.text(.pool) != nil else { return .order(.pools(pools), manner) }
            return pool { .order(.pools([$0]), manner) }
        case .resumePool: return pool { .order(.resumePool($0), manner) }
        case .resizePool: return pool { .order(.resizePool($0, wish.number(.slots) ?? 0), manner) }
        case .pausePool:
            return pool { pool in
                if isConfirmed { return .order(.pausePool(pool), manner) }
                let question = "Pause the pool \(DiscordText.line(pool))? It starts no more tasks. Running tasks continue."
                return ask(question, "Pause", wish, invocation)
            }
        case .stopPool:
            guard let name = wish.text(.pool) else { return .say("Which pool?") }
            let tasks = try store.knownTasks(states: ["queued", "running"], pool: name, limit: Self.mostAtOnce)
                .filter { refusal(of: command.verb, for: $0, person) == nil }
            guard let first = tasks.first else {
                return .say("The pool \(DiscordText.line(name)) has no task that you could stop.")
            }
            let ids = tasks.map { String($0.row.id) }.joined(separator: " ")
            let question =
                "Stop \(tasks.count == 1 ? "task \(first.row.id)" : counted(tasks.count, "task")) of the pool \(DiscordText.line(name))?"
            return ask(question, "Stop", Wish("stop task", ["tasks": .string(ids)]), invocation)
        case .stop:
            guard let ids = wish.numbers(.tasks), ids.count <= Self.mostAtOnce else {
                return .say("Which tasks? Give their numbers.")
            }
            for id in ids {
                if let reason = try refusal(command, of: id, person, now, store) { return .say(reason) }
            }
            if ids.count > 1, !isConfirmed { return ask("Stop \(counted(ids.count, "task"))?", "Stop", wish, invocation) }
            return .order(.stop(ids), manner)
        case .answer:
            guard let name = wish.text(.task).flatMap(QuestionName.init) else { return .say("Which task? Give its number.") }
            if let reason = try refusal(command, of: name.task, person, now, store) { return .say(reason) }
            return try answer(name, wish, invocation, manner, store)
        case .show, .logs, .follow, .unfollow, .result, .retry, .pause, .resume, .priority:
            guard let ids = wish.numbers(.task), ids.count == 1, let id = ids.first else {
                return .say("Which task? Give its number.")
            }
            let priority = command.deed == .priority ? wish.number(.priority) : nil
            if let reason = try refusal(command, of: id, priority: priority, person, now, store) { return .say(reason) }
            if command.deed == .follow { return .say(try follow(id, store)) }
            if command.deed == .unfollow {
                try store.unfollow(id)
                return .say("The log of task \(id) is no longer followed.")
            }
            let isQueued = try store.task(id)?.state == TaskState.queued.rawValue
            let order: Order =
                switch command.deed {
                case .show: .show(id)
                case .result: .result(id)
                case .retry: .retry(id)
                case .pause: isQueued ? .hold(id) : .pause(id)
                case .resume: isQueued ? .release(id) : .resume(id)
                case .priority: .prioritize(id, priority ?? 0)
                default: .logs(id)
                }
            return .order(order, manner)
        }
    }

    /// The configured channel in which it was used, or which the thread belongs to.
    private func place(of invocation: Invocation, _ store: BridgeTransaction) throws -> Snowflake? {
        let above = try store.request(invocation.channel)?.channel
        return [invocation.channel, invocation.parent, above].compactMap(\.self).first(where: configuration.places.contains)
    }

    private func ask(_ question: String, _ label: String, _ wish: Wish, _ invocation: Invocation) -> Decision {
        var content = Content(text: question)
        let id = invocation.ticket.id.stored
        content.buttons = [.init(label, ButtonID(.confirm, id), .bad), .init("Leave it", ButtonID(.leave, id))]
        return .ask(.say(content), wish)
    }

    // MARK: Who may

    /// Why somebody may not; nil where they may.
    func refusal(_ request: Authorizer.Request, _ person: Person) -> String? {
        switch configuration.authorizer.judge(request, by: person) {
        case .allowed: nil
        case .ignored: "No."
        case .denied(let reason): "No: \(DiscordText.line(reason, atMost: 400))."
        }
    }

    /// The same for a task that is there.
    func refusal(of verb: Verb, for task: KnownTask, _ person: Person) -> String? {
        refusal(.init(verb, pool: task.row.pool, owner: task.author), person)
    }

    private func refusal(
        _ command: Command, of id: Int64, priority: Int? = nil, _ person: Person, _ now: Int64, _ store: BridgeTransaction
    ) throws -> String? {
        let unknown = "There is no task \(id) from this server that you may see."
        guard let task = try store.knownTask(id) else { return unknown }
        let load = command.verb == .retry ? try load(of: person, now, store) : .init()
        let reason = refusal(
            .init(command.verb, pool: task.row.pool, owner: task.author, priority: priority, load: load), person)
        // Nothing is said about a task in a pool where nothing may be seen.
        let isVisible = task.author == person.id || refusal(of: .see, for: task, person) == nil
        return reason.map { isVisible ? $0 : unknown }
    }

    private func load(of person: Person, _ now: Int64, _ store: BridgeTransaction) throws -> Authorizer.Load {
        var load = try store.load(of: person.id, since: now - 3_600_000)
        let coming = try store.countUnsubmitted(by: person.id)
        load.open += coming
        load.lastHour += coming
        return load
    }

    // MARK: Commands

    private func submission(
        _ wish: Wish, _ invocation: Invocation, in place: Snowflake, _ now: Int64, _ store: BridgeTransaction
    ) throws -> Decision {
        guard let channel = configuration.channel(place) else {
            let places = configuration.channels.map { "<#\($0.id)>" }.joined(separator: ", ")
            return .say("Tasks are made in \(places).")
        }
        guard let prompt = wish.text(.prompt), prompt.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            return .ask(.form(Form(invocation.ticket.id, title: "A new task", label: "What to do")), wish)
        }
        guard case .task(var spec) = intake.read(prompt: prompt, in: channel, pool: wish.text(.pool)) else {
            return .say("No: the prompt has a NUL, or nothing but tags.")
        }
        spec.model = wish.text(.model) ?? spec.model
        spec.thinking = wish.text(.thinking).flatMap(ThinkingLevel.init) ?? spec.thinking
        let priority = wish.number(.priority)
        spec.priority = priority ?? spec.priority
        if let complaint = channel.attachments.complaint(about: wish.files ?? []) {
            return .say("No: the command \(DiscordText.line(complaint, atMost: 400)).")
        }
        let request = Authorizer.Request(
            .submit, pool: spec.pool ?? channel.pool, priority: priority, load: try load(of: invocation.person, now, store))
        if let reason = refusal(request, invocation.person) { return .say(reason) }
        return .order(.submit(spec, files: wish.files), .publicly)
    }

    /// Tasks as rows of a table.
    private func list(
        _ wish: Wish, _ command: Command, _ person: Person, _ store: BridgeTransaction
    ) throws -> Decision {
        let tasks = try store.knownTasks(states: wish.text(.state).map { [$0] }, pool: wish.text(.pool), limit: 200)
            .filter { refusal(of: command.verb, for: $0, person) == nil }
        let asking = try store.askingTasks()
        guard !tasks.isEmpty else { return .say("There is no such task that you may see.") }
        var table = Table([
            .init("TASK", alignsRight: true), .init("STATE"), .init("POOL", shrinks: true), .init("WHAT", shrinks: true),
        ])
        for task in tasks.prefix(Self.listed) {
            let row = task.row
            table.add([
                .init(String(row.id)), .init(asking.contains(row.id) ? "asking" : row.state), .init(SafeText.line(row.pool)),
                .init(SafeText.line(row.title).shortened(to: 40)),
            ])
        }
        let rest = tasks.count > Self.listed ? "\nThere are more. Name a state or a pool." : ""
        return .reply(.say(Content(text: DiscordText.fenced(String(table.text(style: .plain, width: 76).dropLast())) + rest)))
    }

    private static let listed = 20

    /// Whether old messages become tasks.
    private func decide(late button: ButtonID, by person: Person, _ store: BridgeTransaction) throws -> Decision {
        let channel = Snowflake(stored: button.subject)
        guard let settings = try settings(of: channel, store) else { return .say("That channel is no longer a task channel.") }
        if let reason = refusal(.init(.submit, pool: settings.pool), person) { return .say(reason) }
        let count = try store.count(late: channel)
        guard count > 0 else { return .say("There is nothing left to decide.") }
        let isRun = button.action == .run
        try store.decide(late: channel, isRun ? .new : .withdrawn)
        return .say(isRun ? "\(count) tasks are on their way." : "\(count) messages are left alone.")
    }
}
