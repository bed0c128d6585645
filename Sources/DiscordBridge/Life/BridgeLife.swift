import DiscordAPI
import Foundation
import OrchClient
import OrchProtocol

/// A bridge that runs: what happens comes into one inbox, is dealt with turn by turn, and what a turn has ordered is done after its commit.
public actor BridgeLife {
    private let store: BridgeStore
    private var bridge: Bridge
    private let discord: DiscordPerformer
    private let daemon: DaemonPerformer
    private let configuration: BridgeConfiguration
    private let bot: Snowflake
    private var inbox: [Input] = []
    private var sleeper: (until: Int64, task: Task<Void, Never>)?
    private let onTrouble: @Sendable (any Error) -> Void

    /// - Parameters:
    ///   - bot: the bot's own account.
    ///   - socket: the daemon's.
    ///   - onTrouble: gets what keeps the store from taking a turn. The inputs are kept.
    public init(
        _ configuration: BridgeConfiguration, store: BridgeStore, rest: RESTClient, bot: Snowflake, socket: String,
        onTrouble: @escaping @Sendable (any Error) -> Void
    ) {
        self.configuration = configuration
        self.store = store
        self.bot = bot
        bridge = Bridge(configuration, bot: bot)
        discord = DiscordPerformer(rest: rest, guild: configuration.guild, bot: bot)
        daemon = DaemonPerformer(path: socket)
        self.onTrouble = onTrouble
    }

    /// Up to where the daemon's events have been dealt with; nil before the first time.
    public func lastEvent() throws -> Int64? { try store.transaction { try $0.cursor(.events) } }

    public func take(_ updates: [Follow.Update]) { take(.daemon(updates)) }

    public func take(_ event: GatewayEvent) {
        switch event {
        case .ready: take(.session(isNew: true))
        case .resumed: take(.session(isNew: false))
        case .messageCreated(let message): take(.message(ChatMessage(message, bot: bot)))
        case .messageUpdated(let change):
            if let message = ChatMessage(change, bot: bot) { take(.edited(message)) }
        case .messagesDeleted(let ids, _): take(.deleted(ids))
        case .guildCreated(let guild) where guild.id == configuration.guild && !guild.unavailable:
            let latest = guild.threads.compactMap { thread in thread.lastMessageID.map { (thread.id, $0) } }
            take(.threads(Dictionary(latest) { $1 }))
        case .interaction(let interaction):
            guard let invocation = Invocation(interaction, guild: configuration.guild, bot: bot) else { return }
            take(.invoked(invocation))
        default: break
        }
    }

    private func take(_ input: Input) {
        inbox.append(input)
        turn()
    }

    private func turn() {
        guard !inbox.isEmpty else { return }
        let inputs = inbox
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var next = bridge
        do {
            let effects = try store.transaction { try next.turn(inputs, now: now, in: $0) }
            bridge = next
            inbox.removeFirst(inputs.count)
            for effect in effects { perform(effect) }
        } catch {
            // A full disk: nothing was changed, and what has happened is kept until it can be.
            onTrouble(error)
            wake(at: now + 5000)
            return
        }
        if let time = bridge.wakeUp { wake(at: time) }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .submit(let message, _, _, let wish?):
            Task { [discord, daemon] in
                switch await discord.files(of: message, wish) {
                case .answer(let answer): take(.answered(.submit(message), answer))
                case .files(let files):
                    daemon.perform(effect, files) { answer in Task { await self.take(.answered(.submit(message), answer)) } }
                }
            }
        case .submit, .fetch, .withdraw, .amend, .verify, .carryOut, .catalogue, .readLog, .survey:
            guard let work = effect.work else { return }
            daemon.perform(effect) { answer in Task { await self.take(.answered(work, answer)) } }
        default:
            let work = effect.work
            Task { if let answer = await discord.perform(effect), let work { take(.answered(work, answer)) } }
        }
    }

    private func wake(at time: Int64) {
        if let sleeper, sleeper.until <= time { return }
        sleeper?.task.cancel()
        let wait = max(1, time - Int64(Date().timeIntervalSince1970 * 1000))
        sleeper = (
            time,
            Task {
                do { try await Task.sleep(for: .milliseconds(wait)) } catch { return }
                sleeper = nil
                take(.tick)
            }
        )
    }
}
