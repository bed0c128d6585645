import NIOHTTP1

/// Messages.
extension RESTClient {
    private struct Create: Encodable {
        var draft: MessageDraft
        var nonce: Nonce

        func encode(to encoder: any Encoder) throws { try draft.encode(to: encoder, nonce: nonce) }
    }

    /// Sends a message, once: where it is not clear whether the first try has arrived, it is looked for before another is made.
    public func createMessage(
        _ draft: MessageDraft, in channel: Snowflake, nonce: Nonce, priority: SendPriority
    ) async throws(DiscordError) -> Message {
        var request = RESTRequest(.POST, "/channels/{}/messages", channel.description)
        request.repetition = .unsafe
        request.priority = priority
        request = try request.with(json: Create(draft: draft, nonce: nonce), files: draft.files)
        let begun = timekeeper.wall()
        var attempt = 1
        while true {
            do throws(DiscordError) {
                let message: Message = try await answer(request)
                await remember(message.id, nonce)
                return message
            } catch {
                guard case .unclear = error else { throw error }
                try await sleep(Self.pause(after: attempt))
                if let own = try await find(draft, nonce, channel, since: begun, afterwards: error) {
                    await remember(own.id, nonce)
                    return own
                }
                guard attempt < Self.attempts else { throw error }
                attempt += 1
            }
        }
    }

    /// Where the search fails, too, it is still unclear what has happened to the message.
    private func find(
        _ draft: MessageDraft, _ nonce: Nonce, _ channel: Snowflake, since: Int64, afterwards unclear: DiscordError
    ) async throws(DiscordError) -> Message? {
        do throws(DiscordError) {
            return try await ownMessage(like: draft, nonce: nonce, in: channel, since: since)
        } catch {
            throw error == .cancelled || error == .unauthorized ? error : unclear
        }
    }

    /// The message that an earlier run of this program may have sent, by its nonce or, where that is not told, by what it says. Look for it after a
    /// crash before sending it again: Discord forgets nonces after some minutes.
    /// - parameter since: when it was first tried, in milliseconds since 1970.
    public func ownMessage(
        like draft: MessageDraft, nonce: Nonce, in channel: Snowflake, since: Int64
    ) async throws(DiscordError) -> Message? {
        let me = try await me()
        // The clock of this machine may not be Discord's.
        let oldest = since - 3_600_000
        var before: Snowflake?
        for _ in 0..<5 {
            let page = try await messages(in: channel, before: before, limit: 100)
            for message in page.reversed() {
                if message.id.milliseconds < oldest { return nil }
                guard message.author.id == me.id else { continue }
                if let told = await self.nonce(of: message.id) ?? message.nonce {
                    if told == nonce { return message }
                } else if draft.says(the: message) {
                    return message
                }
            }
            guard page.count == 100, let first = page.first else { return nil }
            before = first.id
        }
        return nil
    }

    public func editMessage(
        _ message: Snowflake, in channel: Snowflake, to draft: MessageDraft, priority: SendPriority
    ) async throws(DiscordError) -> Message {
        var request = RESTRequest(.PATCH, "/channels/{}/messages/{}", channel.description, message.description)
        request.priority = priority
        return try await answer(try request.with(json: draft, files: draft.files))
    }

    /// Also when it is already gone.
    public func deleteMessage(_ message: Snowflake, in channel: Snowflake) async throws(DiscordError) {
        try await gone {
            () async throws(DiscordError) in
            try await self.done(RESTRequest(.DELETE, "/channels/{}/messages/{}", channel.description, message.description))
        }
    }

    public func message(_ message: Snowflake, in channel: Snowflake) async throws(DiscordError) -> Message {
        try await answer(RESTRequest(.GET, "/channels/{}/messages/{}", channel.description, message.description))
    }

    /// What follows a message, the oldest first: at most 100.
    public func messages(in channel: Snowflake, after message: Snowflake, limit: Int) async throws(DiscordError) -> [Message] {
        try await list(channel, "?limit=\(Self.page(limit))&after=\(message)")
    }

    /// The newest of all, or those before a message, the oldest first: at most 100.
    public func messages(in channel: Snowflake, before message: Snowflake?, limit: Int) async throws(DiscordError) -> [Message]
    {
        try await list(channel, "?limit=\(Self.page(limit))" + (message.map { "&before=\($0)" } ?? ""))
    }

    private func list(_ channel: Snowflake, _ query: String) async throws(DiscordError) -> [Message] {
        var request = RESTRequest(.GET, "/channels/{}/messages", channel.description)
        request.query = query
        let found: [Message] = try await answer(request, as: Page<Message>.self).elements
        return found.sorted { $0.id < $1.id }
    }

    private static func page(_ limit: Int) -> Int { min(max(1, limit), 100) }

    /// An emoji as people type it.
    public func react(_ emoji: String, to message: Snowflake, in channel: Snowflake) async throws(DiscordError) {
        try await done(reaction(.PUT, emoji, message, channel))
    }

    /// Takes an own reaction away, also where there is none.
    public func takeBackReaction(_ emoji: String, from message: Snowflake, in channel: Snowflake) async throws(DiscordError) {
        do throws(DiscordError) {
            try await gone { () async throws(DiscordError) in
                try await self.done(self.reaction(.DELETE, emoji, message, channel))
            }
        } catch {
            // Unknown emoji: there is no such reaction.
            guard case .invalid(let refusal) = error, refusal.code == 10014 else { throw error }
        }
    }

    private func reaction(_ method: HTTPMethod, _ emoji: String, _ message: Snowflake, _ channel: Snowflake) -> RESTRequest {
        RESTRequest(
            method, "/channels/{}/messages/{}/reactions/{}/@me", channel.description, message.description, emoji)
    }

    public func pin(_ message: Snowflake, in channel: Snowflake) async throws(DiscordError) {
        try await done(RESTRequest(.PUT, "/channels/{}/messages/pins/{}", channel.description, message.description))
    }

    public func unpin(_ message: Snowflake, in channel: Snowflake) async throws(DiscordError) {
        try await done(RESTRequest(.DELETE, "/channels/{}/messages/pins/{}", channel.description, message.description))
    }

    /// What is already gone needs not be taken away.
    private func gone(_ work: () async throws(DiscordError) -> Void) async throws(DiscordError) {
        do throws(DiscordError) {
            try await work()
        } catch {
            guard case .notFound(let refusal) = error, refusal.code == 10008 else { throw error }
        }
    }
}

/// A list as an answer. One element that cannot be read must not cost the rest.
struct Page<Element: Decodable & Sendable>: Decodable, Sendable {
    let elements: [Element]

    init(from decoder: any Decoder) throws {
        elements = try decoder.singleValueContainer().decode([Readable<Element>].self).compactMap(\.value)
    }
}

extension MessageDraft {
    /// Whether a message says what this draft does, as far as Discord leaves it as it was written.
    func says(the message: Message) -> Bool {
        func plain(_ text: String?) -> Substring { Self.trimmed(text ?? "") }
        guard plain(content) == plain(message.content), message.attachments.count == files.count else { return false }
        let (mine, theirs) = (embeds ?? [], message.embeds)
        guard mine.count == theirs.count else { return false }
        return zip(mine, theirs).allSatisfy { one, other in
            plain(one.title) == plain(other.title) && plain(one.description) == plain(other.description)
                && plain(one.footer?.text) == plain(other.footer?.text)
                && one.fields.map { plain($0.name) } == other.fields.map { plain($0.name) }
                && one.fields.map { plain($0.value) } == other.fields.map { plain($0.value) }
        }
    }

    private static func trimmed(_ text: String) -> Substring {
        let scalars = text.unicodeScalars
        let rest = scalars.drop { $0.properties.isWhitespace }
        guard let last = rest.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
        return Substring(rest[...last])
    }
}
