import ArgumentParser
import DaemonConfiguration
import Engine
import Foundation
import Glibc
import Platform
import Settings

struct MakePolicy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Compile the policy that limits what the supervisor starts.",
        discussion: """
            The policy says which user the tasks of each pool run as. The supervisor's unit runs this as root before it \
            starts, so the engine, which does not run as root, cannot influence it.

            EXAMPLES
              orchd policy                                         print it
              orchd policy --output /run/orchd-supervisor/policy   write it, as a whole or not at all
            """)

    @Option(help: ArgumentHelp("The configuration file.", valueName: "file"), transform: ArgumentText.path)
    var config = Places.systemConfiguration
    @Option(
        help: ArgumentHelp("Write it to this file instead of printing it.", valueName: "file"), transform: ArgumentText.path)
    var output: String?
    @Option(help: ArgumentHelp("The user for pools that name none.", valueName: "user"))
    var defaultUser = MakePolicy.usualUser
    @Option(help: ArgumentHelp("The group whose members may talk to the daemon.", valueName: "group"))
    var clientGroup = MakePolicy.usualGroup

    static let usualUser = "orch-worker"
    static let usualGroup = "orch"

    func run() throws {
        do {
            let configuration = try Configuration.load(config)
            let policy = try configuration.policy(defaultUser: defaultUser, clientGroup: clientGroup, file: config)
            let faults = configuration.sharedUserFaults(defaultUser: defaultUser, clientGroup: clientGroup, file: config)
            guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
            guard let output else { return try printOutput(policy, terminator: "") }
            let temporary = output + ".new"
            try Data(policy.utf8).write(to: URL(filePath: temporary))
            guard chmod(temporary, 0o600) == 0, rename(temporary, output) == 0 else {
                throw StartError("cannot write \(output): \(String(cString: strerror(errno)))")
            }
        } catch let error as ConfigurationError {
            throw fail(error, status: configurationStatus)
        } catch {
            throw fail(error)
        }
    }
}
