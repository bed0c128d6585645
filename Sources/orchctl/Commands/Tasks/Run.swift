import ArgumentParser
import OrchClient
import OrchProtocol

struct Run: TakesCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Queue a task, show its output, and exit as it does.",
        discussion: """
            Exits with the task's exit status; 128 and the signal for one that a signal ended, 124 for a timeout, 130 for one \
            that was stopped, 127 for one that could not be started, 125 if orchctl could not do its part. Ctrl-C stops the \
            task; a second one leaves without waiting for its end. Of a prompt the answer is shown, once it is there; with --raw \
            what the agent prints, as it prints it. With --json each piece of output is one object a line, and the last line is \
            the task.

            Examples:
              orchctl run -- make -j2
              orchctl run --pool build --timeout 10m -- ./test.sh
              orchctl run "Summarise the README in three sentences"
            """)

    @OptionGroup var task: TaskOptions
    @Flag(help: "Of a prompt, show what the agent prints, and not its answer alone.")
    var raw = false
    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try task.take(rest) }

    func run() throws {
        let spec = try task.spec()
        if spec.hold ?? false { throw ValidationError("run waits for the end, and a held task has none; use submit --hold") }
        let session = Session(path: try SocketPath.choose(global.socket))
        let submitted = try session.perform { connection in
            try connection.call(.submit(.one(spec.withDefaultDirectory(connection))), as: SubmissionResult.self)
        }
        guard let submitted = submitted.all.first else { throw ClientError.malformed("a submission without an id") }
        if let warning = submitted.warning { Output.remark(warning) }
        if Terminal.isError { Output.remark("task \(submitted.id)") }

        do {
            try follow(submitted.id, session, isPrompt: spec.prompt != nil)
        } catch var failure as Failure {
            failure.message += "; task \(submitted.id) was made, and orchctl does not wait for it: orchctl show \(submitted.id)"
            throw failure
        }
    }

    private func follow(_ id: Int64, _ session: Session, isPrompt: Bool) throws {
        let client = try Client(global)
        let isAnswer = isPrompt && !raw
        let output: LogStream.Writer = { try (client.json ? LogStream.printJSON : LogStream.writeOut)($0, $1) }
        var ended = try FollowedTask(id: id, session: session).follow(isAnswer ? nil : output, tells: !client.json)
        if isAnswer, ended.state == .succeeded, !client.json, let result = ended.result {
            try Output.print(result, isLine: true, ofTask: ended.id)
        }
        if !isAnswer { ended.result = nil }
        if client.json { try client.printJSON(ended) }
        let status = RunStatus(ended, saysWhyItself: !isAnswer)
        if let remark = status.remark { Output.remark(remark) }
        throw ExitCode(status.code)
    }
}
