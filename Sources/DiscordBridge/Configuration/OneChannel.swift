import DiscordAPI

/// A bridge without a configuration file, for one channel: what `orchd run` brings along.
extension BridgeConfiguration {
    /// Every message in the channel is a task. Its server is asked of Discord: see ``settle(in:)``.
    public init(channel: Snowflake) {
        self.init()
        var tasks = TaskChannel(id: channel)
        tasks.mention = false
        channels = [tasks]
    }

    /// All who can write in the channel may use it: the permissions of Discord decide.
    public mutating func settle(in guild: Snowflake) {
        self.guild = guild
        var rule = Authorizer.Rule()
        rule.everybody = true
        rule.verbs = [.submit, .see, .logs, .stop, .retry]
        rule.pools = ["default"]
        authorizer.rules = [rule]
    }
}
