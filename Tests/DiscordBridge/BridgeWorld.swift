import FoundationEssentials
import OrchClient
import OrchProtocol
import TestSupport

@testable import DiscordAPI
@testable import DiscordBridge

/// A life of the bridge from a seed: the real bridge and the real store; people, Discord and the daemon by what is known of them. Any effect
/// may be done, done without its answer, not done, or be the last thing before a crash.
struct BridgeWorld {
    static let channel = Snowflake(10)
    static let results = Snowflake(11)
    static let status = Snowflake(12)
    static let workers = Snowflake(13)
    static let bot = Snowflake(99)
    static let alice = Person(id: Snowflake(1), name: "alice", roles: [Snowflake(7)])
    static let mallory = Person(id: Snowflake(2), name: "mallory")

    var random: SeededGenerator
    var now: Int64 = 1_800_000_000_000
    private let store: BridgeStore
    private var bridge: Bridge
    /// Ordered and not done yet.
    private var pending: [Effect] = []
    private var answers: [Input] = []
    private var hasSession = false
    private(set) var daemon = SimulatedDaemon()
    private(set) var discord = SimulatedDiscord()
    var trouble = true
    /// Whether more time has passed than edits and deletions are looked for.
    private(set) var hasSlept = false

    init(_ seed: UInt64) throws {
        random = SeededGenerator(seed)
        store = try BridgeStore()
        bridge = Self.newBridge()
        // What was written before the bridge came for the first time would not be for it.
        try turn([.session(isNew: true)], isCrash: false)
    }

    private static func newBridge() -> Bridge {
        var configuration = BridgeConfiguration()
        var channel = BridgeConfiguration.TaskChannel(id: channel)
        channel.mention = false
        channel.catchUp = 1000
        configuration.channels = [channel]
        configuration.results = results
        configuration.statusPlaces = [status]
        configuration.workers = workers
        var rule = Authorizer.Rule()
        rule.roles = [Snowflake(7)]
        rule.verbs = Set(Verb.allCases)
        rule.pools = ["default"]
        rule.open = 10_000
        rule.hourly = 10_000
        rule.priorities = 0...10_000
        configuration.authorizer = Authorizer(rules: [rule])
        return Bridge(configuration, bot: bot)
    }

    struct Crash: Error {}

    /// What the bridge knows of a message.
    func request(_ message: Snowflake) throws -> RequestRow? { try store.transaction { try $0.request(message) } }

    // MARK: Steps

    mutating func step() throws {
        now += Int64.random(in: 1...3000, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case ..<7: try write()
        case ..<8: try followUp()
        case ..<10: try use()
        case ..<12: try changeOrDelete()
        case ..<14: daemon.chat(&random)
        case ..<30: daemon.progress(&random)
        case ..<34 where trouble: try session()
        case ..<37 where trouble: crash()
        // The gateway has lost the connection: what is written now is not told.
        case ..<38 where trouble: hasSession = false
        case ..<40 where trouble: daemon.isAway.toggle()
        case ..<41 where trouble: jump()
        // The daemon has forgotten what had ended.
        case ..<42 where trouble && random.chance(5):
            crash()
            jump()
            now += 31 * 86_400_000
            daemon.retire()
            hasSlept = true
        case ..<70: try perform()
        default: try hear()
        }
    }

    /// Lets everything come to its end.
    ///
    /// - Parameter isProgress: whether tasks run.
    mutating func settle(isProgress: Bool) throws {
        trouble = false
        daemon.isAway = false
        for _ in 0..<4000 {
            now += 1000
            if !hasSession { try session() }
            if isProgress { daemon.finishAll() }
            try hear()
            while !pending.isEmpty { try perform() }
            if answers.isEmpty, pending.isEmpty, daemon.isTold, bridge.wakeUp == nil {
                try turn([.tick], isCrash: false)
                if pending.isEmpty { return }
            }
        }
    }

    private mutating func session() throws {
        try turn([.session(isNew: true), .threads(discord.latestInThreads())], isCrash: false)
    }

    /// Somebody writes in the thread of a task.
    private mutating func followUp() throws {
        guard let thread = discord.threads.sorted().randomElement(using: &random) else { return try write() }
        let message = discord.write("more \(discord.history.count)", by: Self.alice, in: thread, now)
        if hasSession { try turn([.message(message)], isCrash: trouble && random.chance(10)) }
    }

    /// Somebody removes the message that says how the queue stands.
    private mutating func removeStatus() throws {
        guard let message = discord.messages.last(where: { $0.place == Self.status })?.id else { return }
        _ = discord.remove(own: message)
        if hasSession { try turn([.deleted([message])], isCrash: trouble && random.chance(10)) }
    }

    private mutating func changeOrDelete() throws {
        if random.chance(5) { return try removeStatus() }
        let own = discord.history.filter { $0.author == Self.alice && $0.channel == Self.channel }.suffix(6)
        guard let message = own.randomElement(using: &random)?.id else { return try write() }
        if random.chance(30) {
            discord.remove(message)
            if hasSession { try turn([.deleted([message])], isCrash: trouble && random.chance(10)) }
        } else if let edited = discord.edit(message, "edited at \(now)") {
            if hasSession { try turn([.edited(edited)], isCrash: trouble && random.chance(10)) }
        }
    }

    private mutating func write() throws {
        let author = random.chance(80) ? Self.alice : Self.mallory
        let message = discord.write("task \(discord.history.count)", by: author, in: Self.channel, now)
        if hasSession { try turn([.message(message)], isCrash: trouble && random.chance(10)) }
        // Discord repeats what it is not sure of.
        if hasSession, random.chance(5) { try turn([.message(message)], isCrash: false) }
    }

    /// An hour in which nothing happens: whatever waits for an answer waits in vain.
    private mutating func jump() {
        now += 3_600_000
        discord.giveUp()
    }

    /// Somebody uses a command or answers a question. Nobody else does what this one does.
    private mutating func use() throws {
        guard hasSession else { return }
        let person = random.chance(80) ? Self.alice : Self.mallory
        let task = daemon.tasks.randomElement(using: &random)?.id
        let use: Invocation.Use
        if let button = discord.openAnswers.randomElement(using: &random), random.chance(50) {
            use = .button(button)
        } else if let question = discord.questions.randomElement(using: &random), random.chance(60) {
            use = .button(ButtonID(random.chance(80) ? .confirm : .leave, question.stored))
        } else if let task, random.chance(50) {
            use = .command(Wish("priority", ["task": .string("\(task)"), "priority": .integer(Int64(discord.uses.count))]))
        } else if let task, random.chance(30) {
            use = .command(Wish("logs follow", ["task": .string("\(task)")]))
        } else if let task, task > 1, random.chance(30) {
            use = .command(Wish("stop task", ["tasks": .string("\(task) \(task - 1)")]))
        } else {
            use = .command(Wish("task", ["prompt": .string("slash \(discord.uses.count)")]))
        }
        let invocation = discord.use(use, by: person, in: Self.channel, now)
        try turn([.invoked(invocation)], isCrash: trouble && random.chance(10))
        if hasSession, random.chance(5) { try turn([.invoked(invocation)], isCrash: false) }
    }

    private mutating func hear() throws {
        var inputs = answers
        answers = []
        let updates = daemon.updates()
        if !updates.isEmpty { inputs.append(.daemon(updates)) }
        if !hasSession, random.chance(50) || !trouble {
            inputs += [.session(isNew: true), .threads(discord.latestInThreads())]
        }
        if inputs.isEmpty { inputs = [.tick] }
        try turn(inputs, isCrash: trouble && random.chance(5))
    }

    private mutating func turn(_ inputs: [Input], isCrash: Bool) throws {
        var next = bridge
        do {
            let effects = try store.transaction { store in
                let effects = try next.turn(inputs, now: now, in: store)
                if isCrash, random.chance(50) { throw Crash() }
                return effects
            }
            bridge = next
            pending += effects
            if inputs.contains(where: { if case .session = $0 { true } else { false } }) { hasSession = true }
            if isCrash { crash() }
        } catch is Crash {
            crash()
        }
    }

    /// kill -9: what was ordered may have been done, and nobody has heard of it.
    private mutating func crash() {
        for effect in pending where random.chance(40) { _ = perform(effect) }
        pending = []
        answers = []
        hasSession = false
        bridge = Self.newBridge()
        daemon.cursor = nil
    }

    private mutating func perform() throws {
        guard !pending.isEmpty else { return }
        let effect = pending.remove(at: trouble && random.chance(30) ? Int.random(in: pending.indices, using: &random) : 0)
        guard let work = effect.work else {
            _ = perform(effect)
            return
        }
        if trouble, random.chance(8) {
            answers.append(.answered(work, .later(Int64.random(in: 0...5000, using: &random))))
        } else if trouble, random.chance(8), isUnclear(effect) {
            if random.chance(50) { _ = perform(effect) }
            answers.append(.answered(work, .unclear))
        } else {
            answers.append(.answered(work, perform(effect)))
        }
    }

    private func isUnclear(_ effect: Effect) -> Bool {
        switch effect {
        case .create, .edit, .openThread, .react, .submit, .withdraw, .amend, .acknowledge, .tell: true
        default: false
        }
    }

    private mutating func perform(_ effect: Effect) -> Answer {
        switch effect {
        case .submit(_, _, _, _?) where trouble && random.chance(20): .unfetched("cut off")
        case .submit(_, let spec, let previous, _): daemon.submit(spec, after: previous)
        case .fetch(let task, let asking): daemon.fetch(task, asking)
        case .withdraw(let task): daemon.cancel(task)
        case .survey: daemon.isAway ? .later(0) : .status(daemon.status)
        case .pin(_, _, let message): discord.pin(message)
        case .remove(_, _, let message): discord.remove(own: message)
        case .amend(_, let task, let spec): daemon.amend(task, spec)
        case .verify(let message, let orderedAt, let witness): daemon.verify(message, age: now - orderedAt, witness)
        case .read(let channel, let after): discord.page(channel, after: after)
        case .openThread(_, _, let message, _): discord.openThread(message)
        case .react(let message, _, let add, let remove): discord.react(message, add, remove)
        case .create(_, _, let place, let content, let nonce): discord.create(content, in: place, nonce: nonce, now)
        case .edit(_, _, let message, let content): discord.edit(message, content)
        case .look(_, let place, let since), .find(_, let place, let since): discord.look(place, since)
        case .acknowledge(let ticket, _): discord.acknowledge(ticket, now)
        case .tell(let ticket, let content): discord.tell(ticket, content, now)
        case .respond(let ticket, let reply): discord.respond(ticket, reply, now)
        case .carryOut(let id, let order, _): daemon.carryOut(id, order)
        case .readLog(let task, let place): daemon.log(task, place)
        case .register: .done
        case .catalogue: daemon.isAway ? .later(0) : .agents([])
        }
    }
}

/// A queue that keeps keys, and tells what happens in order.
struct SimulatedDaemon {
    private(set) var tasks: [TaskRecord] = []
    private(set) var retired: Set<Int64> = []
    private var ids: [String: Int64] = [:]
    private var events: [Event] = []
    var isAway = false { didSet { if isAway { cursor = nil } } }
    /// Up to where the bridge has been told; nil where it has to connect again.
    var cursor: Int64?
    private(set) var submissions = 0
    /// What interactions have changed, each once for its key.
    private(set) var done: [Order] = []
    private var keys: Set<Snowflake> = []
    /// How often each task has ended.
    private(set) var ends: [Int64: Int] = [:]
    /// What each task has asked.
    private(set) var questions: [Int64: [QuestionRecord]] = [:]
    /// How many lines each task has written.
    private(set) var lines: [Int64: Int] = [:]

    var isTold: Bool { cursor == Int64(events.count) }

    mutating func submit(_ text: String, after previous: Int64?) -> Answer {
        guard !isAway else { return .later(0) }
        if let previous, !(record(previous)?.state.isFinal ?? false) { return .impossible("cannot be continued") }
        submissions += 1
        guard let spec = try? JSONDecoder().decode(TaskSpec.self, from: Data(text.utf8)), let key = spec.key else {
            return .impossible("is no task")
        }
        if let id = ids[key] { return .task(id) }
        let id = Int64(tasks.count + 1)
        ids[key] = id
        var task = TaskRecord(
            id: id, state: .queued, pool: spec.pool ?? "", priority: 0, submitter: 0,
            submittedAt: Timestamp(milliseconds: 0))
        task.startedAt = Timestamp(milliseconds: 0)
        task.prompt = spec.prompt
        task.labels = spec.labels
        tasks.append(task)
        tell(.taskQueued, id, .queued)
        return .task(id)
    }

    mutating func carryOut(_ key: Snowflake, _ order: Order) -> Answer {
        guard !isAway else { return .later(0) }
        if keys.insert(key).inserted {
            if case .answer(let question, let text) = order, !settle(question, .answered, text) {
                return .impossible("is not open")
            }
            done.append(order)
        }
        return .told(Content(text: "done"))
    }

    /// One line for each progress.
    func log(_ id: Int64, _ place: LogPlace) -> Answer {
        guard !isAway else { return .later(0) }
        guard let task = record(id) else { return .impossible("unknown") }
        let written = lines[id, default: 0]
        return .log(
            LogPiece(
                text: (Int(place.stdout)..<written).map { "line \($0) of \(id)\n" }.joined(),
                place: LogPlace(attempt: 1, stdout: Int64(written)), isLast: task.state.isFinal))
    }

    func record(_ id: Int64) -> TaskRecord? {
        tasks.indices.contains(Int(id) - 1) && !retired.contains(id) ? tasks[Int(id) - 1] : nil
    }

    /// With what it asks, and what has come of some of its questions.
    func fetch(_ id: Int64, _ numbers: [Int]) -> Answer {
        guard !isAway else { return .later(0) }
        var record = record(id)
        let open = questions[id]?.filter { $0.state == .open } ?? []
        if !open.isEmpty { record?.questions = open }
        let wanted = numbers.map { QuestionID(task: id, number: $0).description }
        return .record(record, ended: questions[id]?.filter { $0.state != .open && wanted.contains($0.id) } ?? [])
    }

    /// A task asks, or nobody answers in time.
    mutating func chat(_ random: inout SeededGenerator) {
        guard let id = tasks.filter({ $0.state == .running }).randomElement(using: &random)?.id else { return }
        let open = questions[id]?.filter { $0.state == .open } ?? []
        if let question = open.randomElement(using: &random), random.chance(40) {
            _ = settle(question.id, .expired, nil)
        } else if open.count < 3 {
            let name = QuestionID(task: id, number: (questions[id]?.count ?? 0) + 1)
            var question = QuestionRecord(
                id: name, attempt: 1, state: .open, text: "question \(name)", freeText: false,
                askedAt: Timestamp(milliseconds: 0))
            question.choices = ["yes", "no"]
            questions[id, default: []].append(question)
            tell(.questionAsked, id, .running)
        }
    }

    /// - Returns: false where it is not open.
    private mutating func settle(_ name: String, _ state: QuestionRecord.State, _ answer: String?) -> Bool {
        guard let id = QuestionName(name)?.task,
            let index = questions[id]?.firstIndex(where: { $0.id == name && $0.state == .open })
        else { return false }
        questions[id]?[index].state = state
        questions[id]?[index].answer = answer
        if answer != nil { questions[id]?[index].answeredBy = "somebody" }
        tell(state == .answered ? .questionAnswered : .questionExpired, id, .running)
        return true
    }

    /// What has ended is forgotten, and its key.
    mutating func retire() {
        for task in tasks where task.state.isFinal { retired.insert(task.id) }
        ids = ids.filter { !retired.contains($0.value) }
    }

    var status: DaemonStatus {
        var counts = TaskCounts()
        counts.ready = tasks.count { $0.state == .queued }
        counts.running = tasks.count { $0.state == .running }
        counts.succeeded = tasks.count { $0.state == .succeeded }
        return DaemonStatus(
            state: .running, version: "1", pid: 1, startedAt: Timestamp(milliseconds: 0), now: Timestamp(milliseconds: 0),
            supervisor: SupervisorStatus(connected: true), counts: counts, pools: [], problems: [],
            lastEvent: Int64(events.count))
    }

    mutating func cancel(_ id: Int64) -> Answer {
        guard !isAway else { return .later(0) }
        guard record(id)?.state == .queued else { return .done }
        end(Int(id) - 1, .cancelled)
        return .done
    }

    mutating func amend(_ id: Int64, _ text: String) -> Answer {
        guard !isAway else { return .later(0) }
        guard record(id)?.state == .queued, let spec = try? JSONDecoder().decode(TaskSpec.self, from: Data(text.utf8)) else {
            return .impossible("has started")
        }
        tasks[Int(id) - 1].prompt = spec.prompt
        tell(.taskUpdated, id, .queued)
        return .done
    }

    func verify(_ message: Snowflake, age: Int64, _ witness: Int64?) -> Answer {
        guard !isAway else { return .later(0) }
        let task = tasks.first { record($0.id) != nil && $0.labels?["discord.message"] == message.description }
        if let task { return .task(task.id) }
        return witness.flatMap(record) == nil && age > 86_400_000 ? .impossible("not known") : .done
    }

    mutating func progress(_ random: inout SeededGenerator) {
        if random.chance(10),
            let again = tasks.filter({ $0.state.isFinal && record($0.id) != nil }).randomElement(using: &random)
        {
            tasks[Int(again.id) - 1].state = .queued
            (tasks[Int(again.id) - 1].finishedAt, tasks[Int(again.id) - 1].result) = (nil, nil)
            tell(.taskQueued, again.id, .queued)
        }
        guard let index = tasks.indices.filter({ !tasks[$0].state.isFinal }).randomElement(using: &random) else { return }
        advance(index, hasFailed: random.chance(30))
    }

    mutating func finishAll() {
        for index in tasks.indices where !tasks[index].state.isFinal { advance(index, hasFailed: false) }
    }

    private mutating func advance(_ index: Int, hasFailed: Bool) {
        lines[tasks[index].id, default: 0] += 1
        if tasks[index].state == .queued {
            tasks[index].state = .running
            tell(.taskStarted, tasks[index].id, .running)
        } else {
            end(index, hasFailed ? .failed : .succeeded)
        }
    }

    /// A second for each end, so that no two of a task look the same.
    private mutating func end(_ index: Int, _ state: TaskState) {
        let id = tasks[index].id
        for question in questions[id] ?? [] { _ = settle(question.id, .withdrawn, nil) }
        ends[id, default: 0] += 1
        tasks[index].state = state
        tasks[index].finishedAt = Timestamp(milliseconds: Int64(ends[id, default: 0]) * 1000)
        if state == .succeeded {
            tasks[index].result = TaskResult(text: "answer \(id), \(ends[id, default: 0])", truncated: false)
        }
        tell(.taskFinished, id, state)
    }

    private mutating func tell(_ kind: Event.Kind, _ id: Int64, _ state: TaskState) {
        var event = Event(seq: Int64(events.count + 1), at: Timestamp(milliseconds: 0), kind: kind)
        event.task = id
        event.state = state
        events.append(event)
    }

    /// What the bridge has not been told. One that connects again says nothing of its cursor here: it is told all, as one might at worst.
    mutating func updates() -> [Follow.Update] {
        guard !isAway else { return [] }
        var updates: [Follow.Update] = []
        if cursor == nil { updates.append(.connected(last: Int64(events.count))) }
        updates += events.dropFirst(Int(cursor ?? 0)).map { .event($0) }
        cursor = Int64(events.count)
        return updates
    }
}

/// Messages, threads and reactions. It forgets a nonce after three minutes.
struct SimulatedDiscord {
    struct Message {
        var id: Snowflake
        var place: Snowflake
        var content: Content
    }

    /// What people have written, and not deleted since.
    private(set) var history: [ChatMessage] = []
    private(set) var deleted: [ChatMessage] = []
    private(set) var pins: Set<Snowflake> = []
    fileprivate(set) var messages: [Message] = []
    private(set) var threads: Set<Snowflake> = []
    private(set) var reactions: [Snowflake: Set<String>] = [:]
    fileprivate(set) var uses: [Use] = []
    private var nonces: [String: (id: Snowflake, until: Int64)] = [:]
    private var count: UInt64 = 0

    fileprivate mutating func id(_ now: Int64) -> Snowflake {
        count += 1
        return Snowflake(Snowflake(firstAt: now).rawValue + count)
    }

    mutating func write(_ text: String, by author: Person, in channel: Snowflake, _ now: Int64) -> ChatMessage {
        var message = ChatMessage(id: id(now), channel: channel, author: author, content: text)
        if count % 7 == 0 { message.attachments = [Attachment(id: Snowflake(1), filename: "a", size: 1, url: "")] }
        history.append(message)
        return message
    }

    mutating func edit(_ message: Snowflake, _ text: String) -> ChatMessage? {
        guard let index = history.firstIndex(where: { $0.id == message }) else { return nil }
        history[index].content = text
        return history[index]
    }

    mutating func pin(_ message: Snowflake) -> Answer {
        pins.insert(message)
        return .done
    }

    mutating func remove(own message: Snowflake) -> Answer {
        messages.removeAll { $0.id == message }
        pins.remove(message)
        return .done
    }

    mutating func remove(_ message: Snowflake) {
        deleted += history.filter { $0.id == message }
        history.removeAll { $0.id == message }
    }

    func latestInThreads() -> [Snowflake: Snowflake] {
        var latest: [Snowflake: Snowflake] = [:]
        for message in history where threads.contains(message.channel) { latest[message.channel] = message.id }
        return latest
    }

    func page(_ channel: Snowflake, after: Snowflake) -> Answer {
        let own = uses.compactMap { use in
            use.message.map {
                ChatMessage(id: $0, channel: channel, author: Person(id: BridgeWorld.bot, kind: .own, name: "bot"), content: "")
            }
        }
        let all = history.filter { $0.channel == channel } + (channel == BridgeWorld.channel ? own : [])
        let newer = all.filter { $0.id > after }.sorted { $0.id < $1.id }
        return .page(Array(newer.prefix(3)), isLast: newer.count <= 3)
    }

    mutating func openThread(_ message: Snowflake) -> Answer {
        threads.insert(message)
        return .done
    }

    mutating func react(_ message: Snowflake, _ add: String, _ remove: [String]) -> Answer {
        reactions[message, default: []].insert(add)
        reactions[message]?.subtract(remove)
        return .done
    }

    mutating func create(_ content: Content, in place: Snowflake, nonce: String, _ now: Int64) -> Answer {
        if let known = nonces[nonce], known.until > now { return .made(known.id) }
        let message = Message(id: id(now), place: place, content: content)
        messages.append(message)
        nonces[nonce] = (message.id, now + 180_000)
        return .made(message.id)
    }

    mutating func edit(_ message: Snowflake, _ content: Content) -> Answer {
        guard let index = messages.firstIndex(where: { $0.id == message }) else { return .impossible("gone") }
        messages[index].content = content
        return .done
    }

    func look(_ place: Snowflake, _ since: Snowflake) -> Answer {
        .seen(messages.filter { $0.place == place && $0.id > since }.map { Seen(id: $0.id, mark: $0.content.mark) })
    }
}

/// Interactions as Discord has them: three seconds for the first answer, 15 minutes for the rest.
extension SimulatedDiscord {
    struct Use {
        enum State { case pending, deferred, answered, failed }

        var invocation: Invocation
        var at: Int64
        var state = State.pending
        /// What was shown in the end.
        var shown: Content?
        /// The message that shows it.
        var message: Snowflake?
        /// It was waiting for its answer while the world stood still for an hour.
        var isLost = false
    }

    /// The buttons of the bot's messages that answer what a task asks.
    var openAnswers: [ButtonID] {
        messages.flatMap(\.content.buttons).filter { $0.answer != nil }.compactMap { ButtonID($0.id) }
    }

    /// The questions that nobody can be sure to have been answered.
    var questions: [Snowflake] {
        uses.filter { !($0.shown?.buttons.isEmpty ?? true) }.map(\.invocation.ticket.id)
    }

    mutating func use(_ use: Invocation.Use, by person: Person, in channel: Snowflake, _ now: Int64) -> Invocation {
        let ticket = Ticket(id: id(now), application: BridgeWorld.bot, token: Secret("token"))
        let invocation = Invocation(ticket, by: person, in: channel, use)
        uses.append(Use(invocation: invocation, at: now))
        return invocation
    }

    private func index(_ ticket: Ticket) -> Int? { uses.firstIndex { $0.invocation.ticket == ticket } }

    mutating func giveUp() {
        for index in uses.indices where uses[index].state == .deferred { uses[index].isLost = true }
    }

    mutating func acknowledge(_ ticket: Ticket, _ now: Int64) -> Answer {
        guard let index = index(ticket) else { return .impossible("unknown") }
        guard uses[index].state == .pending else {
            return uses[index].state == .failed ? .impossible("unknown interaction") : .done
        }
        uses[index].state = now - uses[index].at > 3000 ? .failed : .deferred
        return uses[index].state == .failed ? .impossible("unknown interaction") : .done
    }

    mutating func respond(_ ticket: Ticket, _ reply: Reply, _ now: Int64) -> Answer {
        guard let index = index(ticket), uses[index].state == .pending, now - uses[index].at <= 3000 else {
            return .impossible("unknown interaction")
        }
        uses[index].state = .answered
        if case .say(let content) = reply { uses[index].shown = content }
        return .done
    }

    mutating func tell(_ ticket: Ticket, _ content: Content, _ now: Int64) -> Answer {
        guard let index = index(ticket) else { return .impossible("unknown webhook") }
        // Sooner than the bridge reckons: clocks differ.
        guard uses[index].state == .deferred, now - uses[index].at < 120_000 else {
            uses[index].isLost = true
            return .impossible("unknown webhook")
        }
        uses[index].shown = content
        let message = uses[index].message ?? id(now)
        if uses[index].message == nil {
            messages.append(Message(id: message, place: uses[index].invocation.channel, content: content))
        }
        uses[index].message = message
        return .made(message)
    }
}
