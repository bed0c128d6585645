import ArgumentParser
import CLinux
import Glibc
import OrchProtocol
import Presentation

@main
struct Orchctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchctl",
        abstract: "Submit tasks to orchd, and control them.",
        discussion: """
            orchctl VERB --help has examples for each verb. Short words for some: \(Verbs.aliases.keys.sorted().joined(separator: ", ")).

            Exit status:
            \(ExitStatus.table)

            """,
        version: "orchctl \(Release.version)",
        groupedSubcommands: [
            CommandGroup(
                name: "Task",
                subcommands: [
                    Submit.self, Run.self, Wait.self, Logs.self, ResultCommand.self, Files.self, Show.self, List.self,
                    Tree.self,
                    Stop.self, Clean.self, Retry.self, Hold.self, ReleaseCommand.self, Pause.self, Resume.self, Update.self,
                    Route.self,
                    Results.self, Import.self,
                ]),
            CommandGroup(
                name: "Question",
                subcommands: [Questions.self, AnswerCommand.self, Ask.self, ProgressCommand.self]),
            CommandGroup(name: "Pool, worker and agent", subcommands: [Pool.self, Worker.self, Agent.self]),
            CommandGroup(
                name: "Daemon",
                subcommands: [
                    Status.self, UsageCommand.self, Events.self, Reload.self, Drain.self, Upgrade.self, Backup.self,
                    Version.self, Doctor.self, Secret.self, MCPCommand.self,
                ]),
        ])

    func run() throws { try Output.print(ShortHelp.text) }

    static func main() {
        linux_secure_start()
        // In the disguise that the parser takes; options of the type ``ByteString`` read it back.
        let arguments = ProcessText.arguments.dropFirst().map(\.escaped)
        if arguments.first == Completion.option { return Completion.run(Array(arguments.dropFirst())) }
        var verb: String?
        do {
            if arguments.count == 2, arguments[0] == CompletionScript.option,
                let script = CompletionScript.text(for: arguments[1])
            {
                return try Output.print(script)
            }
            let line = try CommandLineReader(arguments)
            verb = line.verb
            do {
                var command = try parseAsRoot(line.forParser)
                if var verb = command as? any TakesRest {
                    try verb.take(line.rest)
                    command = verb
                }
                try TextArguments.check(command, parsedFrom: arguments)
                try command.run()
            } catch {
                throw explained(error, line)
            }
        } catch {
            Glibc.exit(report(error, of: arguments, verb))
        }
    }

    /// A complaint of the parser in our words; any other error as it is.
    private static func explained(_ error: any Error, _ line: CommandLineReader) -> any Error {
        if let refusal = error as? WireError { return Failure(refusal, in: line) }
        guard Failure(error) == nil, !(error is ExitCode) else { return error }
        // Help and the completion script travel as errors, too.
        if exitCode(for: error) == .success { return printed(fullMessage(for: error)) }
        let fault = UsageFault(message(for: error), in: line)
        return Failure(.usage, fault.message, hint: fault.hint)
    }

    /// Printing requested text is not an error; being unable to print it is one.
    private static func printed(_ text: String) -> any Error {
        do {
            if !text.isEmpty { try Output.print(text + "\n") }
            return ExitCode.success
        } catch {
            return error
        }
    }

    /// Says what went wrong and answers with what to exit.
    ///
    /// - Parameter verb: the verb, if the words name one.
    private static func report(_ error: any Error, of arguments: [String], _ verb: String?) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        let words = arguments.prefix { $0 != "--" }
        // The statuses of a task are its own; what goes wrong with `run` itself must not look like one of them.
        let first = verb ?? words.first { $0.utf8.first != UInt8(ascii: "-") }.map { "orchctl \($0)" }
        let isRun = first == "orchctl run"
        var failure = Failure(error) ?? Failure(.failed, message(for: error))
        if isRun { failure.status = .runFailed }
        // Words of the command line are in it: none leaves the program in the parser's disguise, and none steers a terminal.
        failure.message = SafeText.block(ByteString(escaped: failure.message).lossy)
        failure.hint = failure.hint.map { SafeText.block(ByteString(escaped: $0).lossy) }
        if words.contains("--json") { Output.fault(failure) } else { complain(failure) }
        return failure.status.rawValue
    }

    private static func complain(_ failure: Failure) {
        let style = Terminal.errorStyle
        Output.remark(style(.bad, failure.message))
        if let hint = failure.hint { Output.remark(style(.dim, hint)) }
    }
}
