import ArgumentParser
import DaemonConfiguration
import Engine
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Settings
import Storage
import Text

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration, and name what is wrong with it.",
        discussion: """
            It names each mistake with its file, line and key. It exits with 0 if the configuration is valid, otherwise with 78.

            With --state-dir it checks that the queue there is undamaged, and that this version of orchd can open it. Then it \
            checks the configuration only if --config names one. It reads the whole queue, also while a daemon uses it.

            EXAMPLES
              orchd check
              orchd check --config ./orchd.toml
              orchd check --state-dir /var/lib/orchd
            """)

    @Option(
        help: ArgumentHelp(
            "The configuration file, with pools.d and agents beside it; by default your own if it exists, else the system's.",
            valueName: "file"), transform: ArgumentText.path)
    var config: String?
    @Option(help: ArgumentHelp("Check the queue in this directory.", valueName: "dir"), transform: ArgumentText.path)
    var stateDir: String?

    func run() throws {
        if let stateDir { try checkQueue(stateDir) }
        // A daemon that has no configuration is as its options say.
        guard stateDir == nil || config != nil else { return }
        let config = try config ?? Configuration.existingUserFile() ?? Places.systemConfiguration
        do {
            let configuration = try Configuration.load(config)
            // What `orchd policy` refuses, the service would not start with. A user's own daemon has no other user.
            let faults = configuration.userFaults(
                defaultUser: config == Places.systemConfiguration ? MakePolicy.usualUser : nil, file: config)
            guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
            if config == Places.systemConfiguration {
                let shared = configuration.sharedUserFaults(
                    defaultUser: MakePolicy.usualUser, clientGroup: MakePolicy.usualGroup, file: config)
                guard shared.isEmpty else { throw ConfigurationError(faults: shared) }
            }
            for warning in configuration.warnings { try printOutput("warning: \(warning)") }
            let pools = configuration.pools.map { "\($0.settings.name) (\($0.settings.slots))" }.joined(separator: ", ")
            let agents = (["command"] + configuration.agents.keys.sorted()).joined(separator: ", ")
            try printOutput("\(config) is valid: pools \(pools.isEmpty ? "none" : pools); agents \(agents)")
        } catch let error as StartError {
            throw fail(error)
        } catch {
            throw fail(error, status: configurationStatus)
        }
    }

    private func checkQueue(_ directory: String) throws {
        let queue = directory + "/queue.db"
        guard access(queue, F_OK) == 0 || access(queue + "-wal", F_OK) == 0 else {
            return try printOutput("\(directory) has no queue yet: a new one will be made")
        }
        do {
            let contents = try StoppedDatabase.verify(queue)
            try printOutput(
                "\(queue) is undamaged: \(counted(contents.tasks, "task")) (\(contents.unfinished) not ended)")
        } catch {
            throw fail(error, status: (error as? StorageError)?.code == .failed ? 1 : configurationStatus)
        }
    }
}
