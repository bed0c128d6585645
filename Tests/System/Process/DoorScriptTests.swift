import Foundation
import Glibc
import OrchProtocol
import TestSupport
import Testing

/// The script of `docs/doors.md`, as it stands there, with a program in place of the model.
@Suite(.onThreads) struct DoorScriptTests {
    /// What is between the first line of a block of code in the manual and its end.
    private static func block(_ begin: String) throws -> String {
        let path = URL(filePath: #filePath).appending(path: "../../../../docs/doors.md").standardized
        let text = try String(contentsOf: path, encoding: .utf8)
        let start = try #require(text.range(of: "```\(begin)\n"))
        let end = try #require(text[start.upperBound...].range(of: "```\n"))
        return String(text[start.upperBound..<end.lowerBound])
    }

    private func daemon() throws -> Daemon {
        let directory = try Directory()
        let leads = try Self.block("toml").replacing("\"claude\"", with: "\"reader\"")
        try directory.write(leads, to: "pools.d/leads.toml")
        try directory.write("slots = 2\nagent = \"reader\"\n", to: "pools.d/research.toml")
        try directory.write(
            "argv = [\"sh\", \"-c\", 'echo read >> \"$HOME/readings\"; echo found: \"$(cat)\"']\nprompt = \"stdin\"\n",
            to: "agents/reader.toml")
        for (name, text) in [
            ("survey.sh", try Self.block("sh")),
            ("file-issues", "#!/bin/sh\necho filed >> \"$HOME/filings\"; sed 's/^/filed /'\n"),
        ] {
            let path = try directory.write(text, to: "work/\(name)")
            #expect(chmod(path, 0o755) == 0)
        }
        return try Daemon(pool: "slots = 1\n", directory: directory)
    }

    private func submit(_ daemon: Daemon) throws -> Int64 {
        try daemon.submit("./survey.sh") {
            $0.pool = "leads"
            $0.retries = 20
            $0.retryOn = RetryCause.allCases
            $0.retryDelay = 0.01
            $0.cwd = daemon.directory.file("work")
            $0.env = ["PATH": "\(Program.folder):/usr/bin:/bin"]
        }
    }

    private func lines(_ name: String, _ daemon: Daemon) -> Int {
        let text = try? String(contentsOfFile: daemon.directory.file(name), encoding: .utf8)
        return text?.count { $0 == "\n" } ?? 0
    }

    @Test func itRunsAsItStands() throws {
        let daemon = try daemon()
        let task = try submit(daemon)
        try eventually("its question") { try daemon.orchctl("questions", "\(task)").output.contains("Open 3 issues?") }
        #expect(try daemon.orchctl("answer", "\(task)", "yes").status == 0)
        #expect(try daemon.end(of: task).state == .succeeded)
        #expect(lines("readings", daemon) == 3 && lines("filings", daemon) == 1)
        let written = try daemon.orchctl("logs", "--stdout", "\(task)").output
        #expect(written.contains("filed found: Read the directory api"), "\(written)")
        try daemon.finish()
    }

    /// Killed again and again while it works, and once more when it has its answer: nothing is done twice, and nobody is asked twice.
    @Test(arguments: [7, 8]) func itSurvivesBeingKilledAnywhere(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let daemon = try daemon()
        let task = try submit(daemon)
        var answers = 0
        for _ in 0..<12 {
            let record = try daemon.task(task)
            guard !record.state.isFinal else { break }
            if let question = record.questions?.first, Bool.random(using: &random) {
                #expect(question.text == "Open 3 issues?")
                if try daemon.orchctl("answer", question.id, "yes").status == 0 { answers += 1 }
            }
            usleep(UInt32.random(in: 0...200_000, using: &random))
            guard let pid = try daemon.task(task).attempts.last?.pid else { continue }
            kill(-pid, SIGKILL)
        }
        try eventually("its end") {
            let record = try daemon.task(task)
            if record.questions?.isEmpty == false, try daemon.orchctl("answer", "\(task)", "yes").status == 0 { answers += 1 }
            return record.state.isFinal
        }
        let record = try daemon.task(task)
        #expect(record.state == .succeeded, "\(record)")
        #expect(answers == 1)
        #expect(lines("readings", daemon) == 3 && lines("filings", daemon) == 1, "seed \(seed)")
        try daemon.finish()
    }
}
