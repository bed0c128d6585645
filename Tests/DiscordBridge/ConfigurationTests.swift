import DiscordAPI
import FoundationEssentials
import Settings
import Testing

@testable import DiscordBridge

@Suite struct ConfigurationTests {
    private static let least = """
        [discord]
        guild = "1"
        [[channel]]
        id = "2"
        [[allow]]
        roles = ["3"]
        verbs = ["submit"]
        pools = ["default"]
        """

    private func faults(_ text: String) -> [String] {
        do {
            _ = try BridgeConfiguration.read(text, name: "discord.toml")
            return []
        } catch {
            return (error as? ConfigurationError)?.faults.map(\.description) ?? ["\(error)"]
        }
    }

    @Test func theLeastIsEnough() throws {
        let configuration = try BridgeConfiguration.read(Self.least, name: "discord.toml")
        #expect(configuration.guild == Snowflake(1))
        #expect(configuration.channels == [.init(id: Snowflake(2))])
        #expect(configuration.authorizer.rules.map(\.verbs) == [[.submit]])
        #expect(configuration.api == BridgeConfiguration.discord)
    }

    /// The file as installed: what is commented out is valid, too, once its numbers are.
    @Test func theExampleIsValid() throws {
        let path = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/etc/discord.toml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(faults(text) == [])
        let whole = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let isSetting = line.hasPrefix("#") && !line.hasPrefix("# ") && line != "#"
            return isSetting ? String(line.dropFirst()) : String(line)
        }.joined(separator: "\n")
        #expect(faults(whole) == [])
    }

    @Test(arguments: [
        ("guild = \"1\"", "guild = 1", "discord.toml:2: guild must be one of Discord's numbers, in quotes"),
        ("guild = \"1\"", "gild = \"1\"", "unknown key \"gild\" in [discord]; did you mean \"guild\"?"),
        ("guild = \"1\"", "", "[discord] has no guild"),
        ("id = \"2\"", "id = \"x\"", "discord.toml:4: id must be one of Discord's numbers"),
        ("id = \"2\"", "", "a [[channel]] has no id"),
        ("roles = [\"3\"]", "roles = []", "lets nobody in"), ("pools = [\"default\"]", "pools = []", "has no pools"),
        ("verbs = [\"submit\"]", "", "has no verbs"),
        ("\"submit\"", "\"sbmit\"", "\"sbmit\" is invalid; use one of submit, see, logs"),
        ("guild = \"1\"", "guild = \"1\"\napi = \"http://example.org\"", "discord.toml:3: api must begin with https://"),
        ("guild = \"1\"", "guild = \"1\"\napi = \"http://127.0.0.1.evil.org/\"", "api must begin with https://"),
        ("guild = \"1\"", "guild = \"1\"\ntoken_file = \"token\"", "token_file must be an absolute path"),
        ("[[allow]]", "[results]\nchannel = \"2\"\n[[allow]]", "[results] has the channel of a [[channel]]"),
        ("[[allow]]", "[[channel]]\nid = \"2\"\n[[allow]]", "the channel 2 appears twice"),
        ("[[allow]]", "[reaction]\n[[allow]]", "did you mean \"reactions\"?"),
        ("verbs =", "lowest_priority = 5\nhighest_priority = 1\nverbs =", "lowest_priority is above highest_priority"),
    ]) func whatIsWrongIsNamed(_ old: String, _ new: String, _ fault: String) {
        let faults = faults(Self.least.replacingFirst(old, new))
        #expect(faults.contains { $0.contains(fault) }, "\(faults)")
    }
}

extension String {
    fileprivate func replacingFirst(_ old: String, _ new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        return self[..<range.lowerBound] + new + self[range.upperBound...]
    }
}
