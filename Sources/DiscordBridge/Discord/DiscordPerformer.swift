import DiscordAPI

/// Does at Discord what the bridge has ordered, and says what has come of it.
struct DiscordPerformer: Sendable {
    let rest: RESTClient
    let guild: Snowflake
    let bot: Snowflake

    /// How many messages are read at once: Discord's most.
    private static let page = 100
    /// How many pages a search looks through: a message is looked for right after it may have been sent.
    private static let pages = 10

    /// - Returns: nil for an effect that does not concern Discord.
    func perform(_ effect: Effect) async -> Answer? {
        do throws(DiscordError) {
            switch effect {
            case .read(let channel, let after): return try await read(channel, after)
            case .openThread(let task, let name, let message, let channel):
                _ = try await rest.startThread(
                    from: message, in: channel, name: TaskCard.threadName(task, name), archiveAfter: .day)
                return .done
            case .react(let message, let channel, let add, let remove):
                try await rest.react(add, to: message, in: channel)
                for emoji in remove { try await rest.takeBackReaction(emoji, from: message, in: channel) }
                return .done
            case .create(_, let kind, let place, let content, let nonce):
                guard let nonce = Nonce(nonce) else { return .impossible("the nonce \(nonce) is too long") }
                let priority: SendPriority = kind == .log ? .log : content.card == nil || kind == .ask ? .answer : .card
                return .made(
                    try await rest.createMessage(MessageDraft(content), in: place, nonce: nonce, priority: priority).id)
            case .edit(_, let place, let message, let content):
                _ = try await rest.editMessage(message, in: place, to: MessageDraft(content), priority: .card)
                return .done
            case .pin(_, let place, let message):
                try await rest.pin(message, in: place)
                return .done
            case .remove(_, let place, let message):
                try await rest.deleteMessage(message, in: place)
                return .done
            case .look(_, let place, let since), .find(_, let place, let since): return .seen(try await look(place, since))
            case .acknowledge(let ticket, let manner):
                try await rest.respond(to: Interaction(ticket), with: InteractionResponse(manner))
                return .done
            case .tell(let ticket, let content):
                return .made(try await rest.editOriginal(of: Interaction(ticket), to: MessageDraft(content)).id)
            case .register:
                let application = try await rest.application().id
                _ = try await rest.overwriteCommands(Command.registration, of: application, in: guild)
                return .done
            case .respond(let ticket, let reply):
                try await rest.respond(to: Interaction(ticket), with: InteractionResponse(reply))
                return nil
            case .submit, .fetch, .withdraw, .amend, .verify, .carryOut, .catalogue, .readLog, .survey: return nil
            }
        } catch {
            return Self.answer(to: error)
        }
    }

    private static func answer(to error: DiscordError) -> Answer {
        switch error {
        case .unclear: .unclear
        case .unavailable, .cancelled, .unauthorized: .later(0)
        case .limited(let wait): .later(wait)
        case .forbidden, .notFound, .invalid, .refused: .impossible("\(error)")
        }
    }

    private func read(_ channel: Snowflake, _ after: Snowflake) async throws(DiscordError) -> Answer {
        let messages = try await rest.messages(in: channel, after: after, limit: Self.page)
        // Only the gateway says which roles an author has.
        var members: [Snowflake: Member] = [:]
        for author in messages.map(\.author) where members[author.id] == nil && author.id != bot {
            do throws(DiscordError) {
                members[author.id] = try await rest.member(author.id, of: guild)
            } catch .notFound(_) {
                // Gone since: without roles, and judged so.
                members[author.id] = .unknown
            } catch {
                throw error
            }
        }
        return .page(
            messages.map { ChatMessage($0, member: members[$0.author.id], bot: bot) },
            isLast: messages.count < Self.page)
    }

    private func look(_ place: Snowflake, _ since: Snowflake) async throws(DiscordError) -> [Seen] {
        var seen: [Seen] = []
        var after = since
        for _ in 0..<Self.pages {
            let messages = try await rest.messages(in: place, after: after, limit: Self.page)
            seen += messages.filter { $0.author.id == bot }.map { Seen($0) }
            guard messages.count == Self.page, let last = messages.last else { break }
            after = last.id
        }
        return seen
    }
}
