import NIOHTTP1

/// Guilds, channels, threads, and the bot itself.
extension RESTClient {
    private struct ThreadStart: Encodable {
        var name: String
        var auto_archive_duration: Int
    }

    private struct GatewayReply: Decodable {
        struct Limit: Decodable {
            var remaining: Int
            var reset_after: Int64
        }

        var url: String
        var session_start_limit: Limit
    }

    /// The thread of a message: a new one, or the one that it has. Its id is that of the message.
    public func startThread(
        from message: Snowflake, in channel: Snowflake, name: String, archiveAfter: ThreadIdleTime
    ) async throws(DiscordError) -> Channel {
        let request = RESTRequest(.POST, "/channels/{}/messages/{}/threads", channel.description, message.description)
        do throws(DiscordError) {
            return try await answer(
                try request.with(json: ThreadStart(name: name, auto_archive_duration: archiveAfter.rawValue)))
        } catch {
            // It has one already, of the same id.
            guard case .invalid(let refusal) = error, refusal.code == 160_004 else { throw error }
            return try await self.channel(message)
        }
    }

    public func channel(_ channel: Snowflake) async throws(DiscordError) -> Channel {
        try await answer(RESTRequest(.GET, "/channels/{}", channel.description))
    }

    public func guild(_ guild: Snowflake) async throws(DiscordError) -> Guild {
        try await answer(RESTRequest(.GET, "/guilds/{}", guild.description))
    }

    public func channels(of guild: Snowflake) async throws(DiscordError) -> [Channel] {
        try await answer(RESTRequest(.GET, "/guilds/{}/channels", guild.description), as: Page<Channel>.self).elements
    }

    public func roles(of guild: Snowflake) async throws(DiscordError) -> [Role] {
        try await answer(RESTRequest(.GET, "/guilds/{}/roles", guild.description), as: Page<Role>.self).elements
    }

    public func member(_ user: Snowflake, of guild: Snowflake) async throws(DiscordError) -> Member {
        try await answer(RESTRequest(.GET, "/guilds/{}/members/{}", guild.description, user.description))
    }

    public func currentUser() async throws(DiscordError) -> User { try await me() }

    public func application() async throws(DiscordError) -> Application {
        try await answer(RESTRequest(.GET, "/applications/@me"))
    }

    /// What is listed is what a guild has from now on.
    public func overwriteCommands(
        _ commands: [ApplicationCommand], of application: Snowflake, in guild: Snowflake
    ) async throws(DiscordError) -> [ApplicationCommand] {
        var request = RESTRequest(
            .PUT, "/applications/{}/guilds/{}/commands", application.description, guild.description)
        request.route.major = guild.description
        return try await answer(try request.with(json: commands), as: Page<ApplicationCommand>.self).elements
    }

    public func gateway() async throws(DiscordError) -> GatewayAddress {
        let reply: GatewayReply = try await answer(RESTRequest(.GET, "/gateway/bot"))
        let limit = reply.session_start_limit
        return GatewayAddress(
            url: reply.url, remaining: limit.remaining, resetAfter: min(max(0, limit.reset_after), 86_400_000))
    }
}

/// After how many minutes without a message Discord puts a thread away.
public enum ThreadIdleTime: Int, Sendable { case hour = 60, day = 1440, threeDays = 4320, week = 10080 }

/// Where the gateway is, and how often the bot may still log in.
public struct GatewayAddress: Hashable, Sendable {
    public var url: String
    public var remaining: Int
    /// In how many milliseconds all starts are there again.
    public var resetAfter: Int64
}
