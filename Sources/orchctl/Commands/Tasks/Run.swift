import ArgumentParser
import OrchClient
import OrchProtocol

struct Run: TakesCommand {
    static let configuration = CommandConfiguration(
        abstract: "Queue a task, show its output, and exit with its status.",
        discussion: """
            It exits with the task's exit status; 128 plus the number of the signal that ended it, 124 after a timeout, 130 if \
            it was stopped, 127 if it could not start, 125 if orchctl itself failed. Ctrl-C stops the task. A second Ctrl-C \
            leaves without waiting for its end. For a prompt it shows the answer when it is there, or with --raw the output of \
            the agent as it is written. A terminal gets text and colours only, unless you give --raw. With --json each piece of output is one object on a line, and the last line is the \
            task.

            Examples:
              orchctl run -- make -j2
              orchctl run --pool build --timeout 10m -- ./test.sh
              orchctl run "Summarise the README in three sentences"
            """)

    @OptionGroup var task: TaskArguments
    @Flag(help: "Show the output as it is: all that an agent prints, and all codes for a terminal.")
    var raw = false
    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try task.take(rest) }

    func run() throws {
        let spec = try task.spec()
        if spec.hold ?? false { throw ValidationError("run waits for the end, and a held task never ends; use submit --hold") }
        let session = Session(path: try SocketPath.choose(global.socket))
        let submitted = try session.perform { connection in
            try connection.call(.submit, .one(spec.withDefaultDirectory(connection)))
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
        let output = TaskOutput(raw: raw)
        let writer = client.json ? LogStream.printJSON : output.write(_:of:)
        var ended = try FollowedTask(id: id, session: session).follow(isAnswer ? nil : writer, tells: !client.json)
        try output.finish()
        if isAnswer, ended.state == .succeeded, !client.json, let result = ended.result {
            try output.print(result, isLine: true, ofTask: ended.id)
        }
        if !isAnswer { ended.result = nil }
        if client.json { try client.printJSON(ended) }
        let status = RunStatus(ended, saysWhyItself: !isAnswer)
        if let remark = status.remark { Output.remark(remark) }
        throw ExitCode(status.code)
    }
}
