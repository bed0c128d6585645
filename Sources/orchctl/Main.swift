import ArgumentParser
import Glibc
import OrchProtocol
import Presentation

@main
struct Orchctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchctl",
        abstract: "Submit tasks to orchd, and look after them.",
        discussion: """
            orchctl VERB --help has examples for each verb.

            Exit status:
            \(ExitStatus.table)

            """,
        version: Release.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Task",
                subcommands: [
                    Submit.self, Run.self, Wait.self, Logs.self, ResultCommand.self, Files.self, Show.self, List.self,
                    Stop.self, Retry.self, Hold.self, ReleaseCommand.self, Pause.self, Resume.self, Update.self, Route.self,
                    Results.self, Import.self,
                ]),
            CommandGroup(name: "Pool, worker and agent", subcommands: [Pool.self, Worker.self, Agent.self]),
            CommandGroup(
                name: "Daemon",
                subcommands: [
                    Status.self, UsageCommand.self, Events.self, Reload.self, Drain.self, Upgrade.self, Backup.self,
                    Version.self, Doctor.self, Secret.self,
                ]),
        ])

    func run() throws { try Output.print(ShortHelp.text) }

    static func main() {
        do {
            try Verbs.check(CommandLine.arguments.dropFirst().first)
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Glibc.exit(report(error))
        }
    }

    /// Says what went wrong and answers with what to exit.
    private static func report(_ error: any Error) -> Int32 {
        // The statuses of a task are its own; what goes wrong with `run` itself must not look like one of them.
        let isRun = CommandLine.arguments.dropFirst().first == Run.configuration.commandName
        if let failure = Failure(error) {
            complain(failure.message, hint: failure.hint)
            return isRun ? ExitStatus.runFailed.rawValue : failure.status.rawValue
        }
        if let code = error as? ExitCode { return code.rawValue }
        // Help and the completion script travel as errors, too.
        if exitCode(for: error) == .success { exit(withError: error) }
        complain(message(for: error), hint: Verbs.hint(for: CommandLine.arguments))
        return isRun ? ExitStatus.runFailed.rawValue : ExitStatus.usage.rawValue
    }

    private static func complain(_ message: String, hint: String?) {
        let style = Terminal.errorStyle
        Output.remark(style(.bad, message))
        if let hint { Output.remark(style(.dim, hint)) }
    }
}
