import ArgumentParser
import OrchClient
import OrchProtocol
import Testing

@testable import orchctl

@Suite struct ArgumentTests {
    private func spec(_ arguments: String...) throws -> TaskSpec { try TaskArguments.parse(arguments).spec() }

    @Test func aCommandComesAfterTwoDashes() throws {
        let spec = try spec("--pool", "build", "--", "make", "-j2", "--pool", "x")
        #expect(spec.command == ["make", "-j2", "--pool", "x"])
        #expect(spec.pool == "build")
        #expect(spec.prompt == nil)
        #expect(GeneratedKey.matches(spec.key ?? ""))
    }

    @Test func everyOptionArrives() throws {
        let spec = try spec(
            "a prompt", "--priority", "-5", "--timeout", "1h30m", "--idle-timeout", "90", "--retries", "3", "--retry-delay",
            "250ms", "--retry-on", "exit,lost", "--retry-on", "timeout", "--name", "n", "--label", "a=b=c", "--label", "d=",
            "--env", "X=1", "--cwd", "/", "--key", "k", "--not-before", "2126-11-23T00:00:00Z", "--expires",
            "2126-11-24T00:00:00Z", "--hold", "--model", "m", "--thinking", "high")
        var expected = TaskSpec(prompt: "a prompt")
        (expected.priority, expected.timeout, expected.idleTimeout, expected.retries) = (-5, 5400, 90, 3)
        (expected.retryDelay, expected.retryOn, expected.name) = (0.25, [.exit, .lost, .timeout], "n")
        (expected.labels, expected.env, expected.cwd, expected.key) = (["a": "b=c", "d": ""], ["X": "1"], "/", "k")
        (expected.notBefore, expected.expires) = (Timestamp("2126-11-23T00:00:00Z"), Timestamp("2126-11-24T00:00:00Z"))
        (expected.hold, expected.model, expected.thinking) = (true, "m", .high)
        #expect(spec == expected)
    }

    @Test(
        arguments: [
            [], ["a", "b"], ["p", "--", "x"], ["p", "--label", "x"], ["p", "--env", "=x"], ["p", "--timeout", "5x"],
            ["p", "--not-before", "25:00"], ["p", "--retry-on", "exti"], ["make", "-j2"], ["p", "--cwd", "no-such-dir"],
        ] as [[String]])
    func whatIsWrongIsRefused(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try TaskArguments.parse(arguments).spec() }
    }

    @Test func aViewThatIsWatchedFitsTheTerminal() {
        let text = (1...50).map { "line \($0)\n" }.joined()
        for rows in 2...60 {
            let lines = Status.screen(text, rows: rows).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= rows)
            if rows <= 50 { #expect(lines.last == "… and \(51 - rows) more lines: orchctl status") }
        }
        #expect(Status.screen(text, rows: 51) == text)
    }

    @Test func everyVerbHasExamples() {
        func check(_ command: any ParsableCommand.Type) {
            let configuration = command.configuration
            let subcommands = configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
            if command != Orchctl.self {
                #expect(configuration.discussion.contains("Examples:"), "\(command)")
                #expect(configuration.discussion.contains("orchctl \(command._commandName)") || command != Show.self)
            }
            for subcommand in subcommands { check(subcommand) }
        }
        check(Orchctl.self)
    }

    @Test func aMisspeltVerbIsNamed() throws {
        #expect(throws: Failure(.usage, "there is no verb \"stauts\"", hint: "did you mean: orchctl status")) {
            try CommandLineReader(["stauts"])
        }
    }

    @Test func errorsHaveTheirStatus() {
        #expect(Failure(WireError(.notFound, "m"))?.status == .notFound)
        #expect(Failure(WireError(.unknownPool, "m"))?.status == .notFound)
        #expect(Failure(WireError(.forbidden, "m"))?.status == .forbidden)
        #expect(Failure(WireError(.tooBusy, "m"))?.status == .failed)
        #expect(Failure(ClientError.noDaemon(path: "p", errno: 2))?.status == .noDaemon)
        #expect(Failure(ClientError.denied(path: "p"))?.hint?.contains("usermod -aG orch") == true)
        #expect(Failure(ClientError.timedOut)?.status == .timedOut)
        #expect(Failure(ExitCode(3)) == nil)
    }

    @Test func whatIsPrintedOfASubmission() {
        let one = [Submitted(id: 42, created: true)]
        #expect(Submit.report(one, onTerminal: false) == "42\n")
        #expect(Submit.report(one, onTerminal: true) == "task 42 queued; follow it: orchctl logs -f 42\n")
        let two = [Submitted(id: 1, created: true), Submitted(id: 2, created: true)]
        #expect(Submit.report(two, onTerminal: false) == "1\n2\n")
        #expect(Submit.report(two, onTerminal: true).hasPrefix("2 tasks queued, 1 to 2"))
    }

    @Test func whatIsPrintedOfAStop() {
        let changed = TasksChanged(tasks: [.init(id: 1, state: .cancelled), .init(id: 2, state: .running)])
        #expect(ChangeSummary.stopped(changed) == "task 1 stopped\ntask 2 is being stopped\n")
        #expect(ChangeSummary.text(TasksChanged(tasks: [], count: 500), done: "held") == "500 tasks held\n")
        #expect(ChangeSummary.text(TasksChanged(tasks: []), done: "held") == "no task was held\n")
        let over = TasksChanged(
            tasks: [
                .init(id: 3, state: .succeeded, unchanged: true), .init(id: 4, state: .running, unchanged: true),
                .init(id: 5, state: .cancelled),
            ])
        #expect(over.count == 1)
        #expect(
            ChangeSummary.stopped(over)
                == "task 3 had ended already: succeeded\ntask 4 is being stopped already\ntask 5 stopped\n")
        let many = (1...25).map { TasksChanged.Entry(id: $0, state: $0 < 3 ? .failed : .cancelled, unchanged: $0 < 3) }
        #expect(
            ChangeSummary.stopped(TasksChanged(tasks: many)) == "2 tasks had ended already: failed: 1 2\n23 tasks stopped\n")
        #expect(ChangeSummary.stopped(TasksChanged(tasks: [], count: 1)) == "1 task stopped\n")
        let paused = TasksChanged(tasks: [.init(id: 1, state: .running), .init(id: 2, state: .queued)])
        #expect(ChangeSummary.paused(paused) == "task 1 paused\ntask 2 held\n")
        let one = TasksChanged(tasks: [.init(id: 1, state: .failed)], count: 4)
        #expect(ChangeSummary.removed(one) == "task 1 removed\n3 tasks below it removed\n")
        #expect(ChangeSummary.removed(TasksChanged(tasks: [])) == "no task was removed\n")
        #expect(ChangeSummary.resumed(paused) == "task 1 resumed\ntask 2 released\n")
    }
}
