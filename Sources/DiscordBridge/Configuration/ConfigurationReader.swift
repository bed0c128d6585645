import DiscordAPI
import FoundationEssentials
import OrchProtocol
import Settings
import TOMLKit

extension BridgeConfiguration {
    /// Reads a file.
    ///
    /// - Throws: `ConfigurationError`, which names everything that is wrong with it.
    public static func load(_ path: String) throws -> BridgeConfiguration {
        try read(try ConfigurationFile(path: path))
    }

    /// - Parameter name: what faults call it.
    static func read(_ text: String, name: String) throws -> BridgeConfiguration {
        try read(try ConfigurationFile(path: name, data: Data(text.utf8)))
    }

    private static func read(_ file: ConfigurationFile) throws -> BridgeConfiguration {
        var reader = ConfigurationReader()
        reader.read(file.top)
        guard file.faults.isEmpty else { throw ConfigurationError(faults: file.faults) }
        return reader.configuration
    }
}

private struct ConfigurationReader {
    var configuration = BridgeConfiguration()

    mutating func read(_ top: ConfigurationFile.Section) {
        if let section = top.section("discord") { readDiscord(section) } else { top.fault(nil, "there is no [discord]") }
        if let section = top.section("daemon") {
            if let socket = section.path("socket") { configuration.socket = socket }
            section.finish()
        }
        let channels = top.sections("channel")
        configuration.channels = channels.compactMap { channel($0.section) }
        if channels.isEmpty { top.fault(nil, "there is no [[channel]]: no message would be a task") }
        if let section = top.section("results") { readResults(section) }
        if let section = top.section("workers") {
            configuration.workers = section.id("channel")
            section.finish()
        }
        if let section = top.section("status") {
            configuration.statusPlaces = section.ids("channels").sorted()
            section.finish()
        }
        if let section = top.section("reactions") { readReactions(section) }
        configuration.authorizer.rules = top.sections("allow").map { rule($0.section) }
        checkPlaces(top)
        top.finish()
    }

    private mutating func readDiscord(_ section: ConfigurationFile.Section) {
        if let guild = section.id("guild") {
            configuration.guild = guild
        } else if !section.keys.contains("guild") {
            section.fault(nil, "[discord] has no guild: the number of its server")
        }
        configuration.tokenFile = section.path("token_file")
        configuration.caFile = section.path("ca_file")
        if let files = section.string("files") {
            if BridgeConfiguration.isSafe(api: files) {
                configuration.files = files
            } else {
                section.fault("files", "files must begin with https://; only http://127.0.0.1 may be without encryption")
            }
        }
        if let api = section.string("api") {
            if BridgeConfiguration.isSafe(api: api) {
                configuration.api = api
            } else {
                section.fault("api", "api must begin with https://; only http://127.0.0.1 may be without encryption")
            }
        }
        section.finish()
    }

    private func channel(_ section: ConfigurationFile.Section) -> BridgeConfiguration.TaskChannel? {
        var channel = section.id("id").map { BridgeConfiguration.TaskChannel(id: $0) }
        if channel == nil, !section.keys.contains("id") { section.fault(nil, "a [[channel]] has no id") }
        if let pool = section.string("pool") { channel?.pool = pool }
        if let mention = section.boolean("mention") { channel?.mention = mention }
        if let priority = section.integer("priority", in: -1_000_000...1_000_000) { channel?.priority = priority }
        if let cancels = section.boolean("delete_cancels") { channel?.deleteCancels = cancels }
        if let catchUp = section.integer("catch_up", in: 0...10_000) { channel?.catchUp = catchUp }
        if let size = section.integer("attachments", in: 0...AttachmentRules.most >> 20) {
            channel?.attachments.bytes = size << 20
        }
        if let types = section.strings("attachment_types") {
            if let wrong = types.first(where: { $0.split(separator: "/").count != 2 || $0.lowercased() != $0 }) {
                section.fault(
                    "attachment_types",
                    "\"\(wrong.shortened(to: 40))\" is not a type of files, such as \"image/png\" or \"text/*\"")
            } else {
                channel?.attachments.types = types
            }
        }
        section.finish()
        return channel
    }

    private mutating func readResults(_ section: ConfigurationFile.Section) {
        configuration.results = section.id("channel")
        if let format = section.choice("format", BridgeConfiguration.ResultFormat.self) {
            configuration.resultFormat = format
        }
        if let burst = section.integer("burst", in: 1...10_000) { configuration.burst = burst }
        if let messages = section.integer("answer_messages", in: 0...10) { configuration.answerMessages = messages }
        section.finish()
    }

    private mutating func readReactions(_ section: ConfigurationFile.Section) {
        let paths: [(String, WritableKeyPath<BridgeConfiguration.Reactions, String>)] = [
            ("waiting", \.waiting), ("queued", \.queued), ("running", \.running), ("paused", \.paused),
            ("succeeded", \.succeeded), ("failed", \.failed), ("cancelled", \.cancelled),
        ]
        for (key, path) in paths {
            guard let text = section.string(key) else { continue }
            if text.isEmpty || text.utf8.count > 64 || text.unicodeScalars.contains(where: \.properties.isWhitespace) {
                section.fault(key, "\(key) must be one emoji, or name:number of one of the server's own")
            } else {
                configuration.reactions[keyPath: path] = text
            }
        }
        section.finish()
    }

    private func rule(_ section: ConfigurationFile.Section) -> Authorizer.Rule {
        var rule = Authorizer.Rule()
        rule.users = section.ids("users")
        rule.roles = section.ids("roles")
        rule.bots = section.ids("bots")
        if rule.users.isEmpty, rule.roles.isEmpty, rule.bots.isEmpty {
            section.fault(nil, "an [[allow]] has neither users nor roles nor bots: it lets nobody in")
        }
        rule.pools = Set(section.strings("pools") ?? [])
        if rule.pools.isEmpty { section.fault(nil, "an [[allow]] has no pools: it allows nothing") }
        for word in section.strings("verbs") ?? [] {
            if let verb = Verb(rawValue: word) {
                rule.verbs.insert(verb)
            } else {
                let hint = nearest(word, in: Verb.allCases.map(\.rawValue)).map { "; did you mean \"\($0)\"?" } ?? ""
                let known = Verb.allCases.map(\.rawValue).joined(separator: ", ")
                section.fault("verbs", "\"\(word.shortened(to: 40))\" is invalid; use one of \(known)\(hint)")
            }
        }
        if rule.verbs.isEmpty, section.keys.contains("verbs") == false {
            section.fault(nil, "an [[allow]] has no verbs: it allows nothing")
        }
        if let others = section.boolean("others") { rule.others = others }
        let lowest = section.integer("lowest_priority", in: -1_000_000...1_000_000) ?? 0
        let highest = section.integer("highest_priority", in: -1_000_000...1_000_000) ?? max(0, lowest)
        if lowest > highest {
            section.fault("lowest_priority", "lowest_priority is above highest_priority")
        } else {
            rule.priorities = lowest...highest
        }
        // A bot that answers a bot can continue forever.
        let isForBots = !rule.bots.isEmpty
        rule.open = section.integer("open", in: 0...100_000) ?? (isForBots ? 5 : rule.open)
        rule.hourly = section.integer("hourly", in: 0...100_000) ?? (isForBots ? 10 : rule.hourly)
        section.finish()
        return rule
    }

    private func checkPlaces(_ top: ConfigurationFile.Section) {
        var seen: Set<Snowflake> = []
        for channel in configuration.channels where !seen.insert(channel.id).inserted {
            top.fault(nil, "the channel \(channel.id) appears twice")
        }
        for (what, place) in [("results", configuration.results), ("workers", configuration.workers)] {
            guard let place, seen.contains(place) else { continue }
            top.fault(nil, "[\(what)] has the channel of a [[channel]]: what the bot writes there would be mixed with tasks")
        }
    }
}

extension ConfigurationFile.Section {
    fileprivate static var idForm: String { "one of Discord's numbers, in quotes, such as \"1024553789043458048\"" }

    fileprivate func id(_ key: String) -> Snowflake? {
        value(key, Self.idForm) { $0.string.flatMap(Snowflake.init) }
    }

    fileprivate func ids(_ key: String) -> Set<Snowflake> {
        let ids = value(key, "a list of Discord's numbers, in quotes") { value -> [Snowflake]? in
            guard let array = value.array else { return nil }
            let ids = array.compactMap { $0.string.flatMap(Snowflake.init) }
            return ids.count == array.count ? ids : nil
        }
        return Set(ids ?? [])
    }

    fileprivate func path(_ key: String) -> String? {
        guard let path = string(key) else { return nil }
        if path.utf8.first == UInt8(ascii: "/") { return path }
        fault(key, "\(key) must be an absolute path")
        return nil
    }
}
