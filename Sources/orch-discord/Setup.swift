import ArgumentParser
import DiscordAPI

struct Setup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the link that invites the bot to a server, with only the permissions that it needs.",
        discussion: """
            The number of the application is in Discord's developer portal, under General Information. Switch "Message Content Intent" \
            on there, under Bot, unless every task mentions the bot.
            """)

    @Option(help: ArgumentHelp("The application's number.", valueName: "id"))
    var application: String

    func run() throws {
        guard let id = Snowflake(application), id.rawValue > 0 else {
            throw ValidationError("\"\(application.prefix(40))\" is not one of Discord's numbers, such as 1024553789043458048")
        }
        print(
            "https://discord.com/oauth2/authorize?client_id=\(id)&scope=bot%20applications.commands&permissions=\(Permissions.bridge.rawValue)"
        )
    }
}

extension Permissions {
    private static let needed: [(permission: Permissions, word: String)] = [
        (.viewChannel, "see it"), (.sendMessages, "write"), (.sendMessagesInThreads, "write in threads"),
        (.createPublicThreads, "open threads"), (.addReactions, "add reactions"),
        (.readMessageHistory, "read what was written"),
        (.embedLinks, "embed links"), (.attachFiles, "attach files"), (.pinMessages, "pin messages"),
    ]

    /// What the bridge does, and nothing more.
    static let bridge = needed.reduce(into: Permissions()) { $0.formUnion($1.permission) }

    /// Those of the bridge's that are in it, in words.
    var words: [String] { Self.needed.filter { contains($0.permission) }.map(\.word) }
}
