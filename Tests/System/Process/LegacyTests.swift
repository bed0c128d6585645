import Foundation
import OrchProtocol
import Testing

/// What users of the scripts that orchd replaces still do: variables, a queue file, lines of results.
@Suite(.onThreads) struct LegacyTests {
    private static let openclaw = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Agents/openclaw").standardizedFileURL.path

    private func daemon() throws -> Daemon {
        try Daemon(environment: ["OPENCLAW_BIN": Self.openclaw, "DISCORD_CHANNEL": "42", "POLL_INTERVAL": "5"])
    }

    private func results(_ daemon: Daemon) throws -> [[String]] {
        try daemon.orchctl("results", "--format", "legacy").output.split(separator: "\n").map {
            $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test func aQueueFileIsWorkedOffByOpenclaw() throws {
        let daemon = try daemon()
        #expect(daemon.log.contains("DISCORD_CHANNEL"))
        let queue = """
            # old
            haiku|ok: a 🦞 \\| pipe|p/m|high

            second|ok: two\\nlines
            third|crash: x||
            """
        let imported = try daemon.orchctl("import", "-", input: Array(queue.utf8))
        #expect(imported.status == 0 && imported.error == "")
        let ids = imported.output.split(separator: "\n").compactMap { Int64($0) }
        #expect(ids.count == 3)
        // Its lines are the same tasks still.
        #expect(try daemon.orchctl("import", "-", input: Array(queue.utf8)).output == imported.output)
        #expect(try daemon.wait(ids).map(\.state) == [.succeeded, .succeeded, .failed])
        let record = try daemon.task(ids[0])
        #expect(record.name == "haiku" && record.prompt == "ok: a 🦞 | pipe")
        #expect(record.model == "p/m" && record.thinking == .high)

        let lines = try results(daemon)
        #expect(lines.map { $0[0] } == ["haiku", "second", "third"])
        #expect(lines.map { $0[2] } == ["SUCCESS", "SUCCESS", "FAILED"])
        #expect(lines.allSatisfy { $0[1].hasPrefix("default/") && Timestamp($0[3]) != nil })
        #expect(lines[0][4...].joined(separator: "|").hasPrefix("echo a 🦞 \\| pipe model=p/m thinking=high"))
        #expect(lines[1][4].hasPrefix("echo two\\nlines"))
        let newest = try daemon.orchctl("results", "--limit", "1", "--format", "legacy").output
        #expect(newest.hasPrefix("third|"))
        let table = try daemon.orchctl("results").output
        #expect(table.contains("RESULT") && table.contains("echo two lines"))
        let json = try daemon.orchctl("results", "--json").output.split(separator: "\n")
        #expect(json.count == 3 && json.last?.contains("\"text\":\"echo a 🦞 | pipe") == true)
        try daemon.finish()
    }

    @Test func aBadLineIsNamedAndNothingIsQueued() throws {
        let daemon = try daemon()
        let path = try daemon.directory.write("1|fine\n2|not fine||deep\n", to: "queue.txt")
        let refused = try daemon.orchctl("import", path)
        #expect(refused.status == 2 && refused.error.contains("line 2 of \(path) has \"deep\" for thinking"))
        // What only the daemon knows.
        try daemon.directory.write("1|fine\n\n2|\(String(repeating: "x", count: 5 << 20))\n", to: "queue.txt")
        let judged = try daemon.orchctl("import", path)
        #expect(judged.status == 2 && judged.error.contains("line 3 of \(path): a prompt has at most 4 MiB"))
        #expect(try daemon.orchctl("list", "--all").output == "")
        try daemon.finish()
    }

    @Test func manyResultsComeInOrder() throws {
        let daemon = try daemon()
        // More than are asked for at once, and not a multiple of that.
        let batch = (1...37).map { #"{"command":["/bin/echo","result \#($0)"]}"# }.joined(separator: "\n")
        let submitted = try daemon.orchctl("submit", "--batch", "-", input: Array(batch.utf8))
        let ids = submitted.output.split(separator: "\n").compactMap { Int64($0) }
        #expect(ids.count == 37)
        #expect(try daemon.wait(ids).allSatisfy { $0.state == .succeeded })
        let lines = try results(daemon)
        #expect(lines.map { $0[0] } == ids.map(String.init))
        #expect(lines.enumerated().allSatisfy { $1[4].hasPrefix("result \($0 + 1)") })
        let json = try daemon.orchctl("results", "--json", "--all").output.split(separator: "\n")
        #expect(json.count == 37 && json.first?.contains("result 37") == true)
        try daemon.finish()
    }

    @Test func aBadVariableEndsTheStart() throws {
        let error = #expect(throws: Daemon.NotStarted.self) { try Daemon(environment: ["MAX_IDLE_TIME": "soon"]) }
        #expect(error?.status == 1 && error?.message.contains("MAX_IDLE_TIME must be a duration") == true)
    }
}
