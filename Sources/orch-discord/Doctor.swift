import ArgumentParser
import DiscordAPI
import DiscordBridge
import OrchClient
import OrchProtocol

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check configuration, daemon, token, intents, and permissions in each channel.",
        discussion:
            "Each line is one check, and says what to do if it failed. It exits with 0 if everything works, otherwise with 1.")

    @OptionGroup var surroundings: Surroundings

    func run() async throws {
        let (configuration, path) = try surroundings.load()
        print("ok    \(path) is valid")
        var isWell = daemon(configuration)
        do {
            let network = try configuration.network
            let rest = RESTClient(network, token: try configuration.token(), version: Release.version)
            isWell = await discord(configuration, rest) && isWell
            await rest.close()
            await network.close()
        } catch {
            print("FAIL  \(error)")
            isWell = false
        }
        if !isWell { throw ExitCode(1) }
    }

    private func daemon(_ configuration: BridgeConfiguration) -> Bool {
        do {
            let socket = try configuration.daemonSocket
            let connection = try Connection(path: socket, patience: 5)
            let status = try connection.call(.status, deadline: .now + .seconds(10))
            print("ok    the daemon at \(socket) is \(status.state.rawValue), version \(status.version)")
            let mayAsk = try mayAskForOthers(connection)
            let pools = Set(status.pools.map(\.name))
            let wanted = Set(configuration.channels.map(\.pool))
                .union(configuration.authorizer.rules.flatMap { Array($0.pools) })
            for pool in wanted.subtracting(pools).sorted() { print("FAIL  the daemon has no pool \(pool)") }
            return mayAsk && wanted.isSubset(of: pools)
        } catch {
            print("FAIL  \((error as? WireError)?.message ?? "\(error)")")
            return false
        }
    }

    /// Each task belongs to the person who has written its message.
    private func mayAskForOthers(_ connection: Connection) throws -> Bool {
        var spec = TaskSpec(command: ["true"])
        spec.subject = "discord:0"
        do {
            _ = try connection.call(.routeExplain, spec, deadline: .now + .seconds(10))
        } catch let error as WireError where error.data?.field == "subject" {
            print("FAIL  \(error.message); add this user to them, and reload the daemon")
            return false
        } catch is WireError {
            // Of a pool; the bridge may ask.
        }
        print("ok    the daemon lets the bridge ask for others")
        return true
    }

    private func discord(_ configuration: BridgeConfiguration, _ rest: RESTClient) async -> Bool {
        var isWell = true
        func check(_ isGood: Bool, _ good: String, _ bad: String) {
            print(isGood ? "ok    \(good)" : "FAIL  \(bad)")
            isWell = isWell && isGood
        }
        do throws(DiscordError) {
            let me = try await rest.currentUser()
            print("ok    the token is that of \(me.username) (\(me.id))")
            let application = try await rest.application()
            let needsText = configuration.channels.contains { !$0.mention }
            check(
                application.mayReadMessageContent || !needsText, "messages can be read",
                "switch on \"Message Content Intent\" in Discord's developer portal: tasks that mention nobody have no text")
            let guild = try await rest.guild(configuration.guild)
            let channels = try await rest.channels(of: configuration.guild)
            let member = try await rest.member(me.id, of: configuration.guild)
            for place in configuration.places {
                guard let channel = channels.first(where: { $0.id == place }) else {
                    check(false, "", "the server \(guild.name) has no channel \(place) that the bot can see")
                    continue
                }
                let has = Permissions.of(
                    me.id, roles: member.roles, in: channel, guild: guild.id, owner: guild.ownerID, guildRoles: guild.roles)
                let missing = Permissions.bridge.subtracting(has)
                check(
                    missing.isEmpty, "#\(channel.name ?? "?"): the bot has all permissions that it needs",
                    "#\(channel.name ?? "?"): the bot may not \(missing.words.joined(separator: ", "))")
            }
        } catch {
            check(false, "", "\(error)")
        }
        return isWell
    }
}
