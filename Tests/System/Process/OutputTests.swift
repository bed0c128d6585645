import Foundation
import Glibc
import OrchClient
import OrchProtocol
import TestSupport
import Testing

/// Output arrives as it was written, while it is written.
@Suite(.onThreads) struct OutputTests {
    @Test func everyByteArrives() throws {
        let daemon = try Daemon()
        var generator = SeededGenerator(1)
        let bytes = (0..<400_000).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
        let other = Array(bytes.reversed())
        try Data(bytes).write(to: URL(filePath: daemon.directory.file("a")))
        try Data(other).write(to: URL(filePath: daemon.directory.file("b")))
        let id = try daemon.shell("cat a; cat b >&2")
        #expect(try daemon.end(of: id).state == .succeeded)
        let logs = try daemon.orchctl("logs", String(id))
        #expect(logs.bytes == bytes && logs.errorBytes == other && logs.status == 0)
        let out = try daemon.orchctl("logs", "--stdout", String(id))
        #expect(out.bytes == bytes && out.errorBytes.isEmpty)
        let err = try daemon.orchctl("logs", "--stderr", String(id))
        #expect(err.bytes.isEmpty && err.errorBytes == other)
        try daemon.finish()
    }

    @Test func charactersThatAChunkCutsInTwoArriveWhole() throws {
        let daemon = try Daemon()
        // At each alignment one of the borders cuts a character of three bytes.
        let text = "x" + String(repeating: "€", count: 100_000)
        try daemon.directory.write(text, to: "text")
        let id = try daemon.shell("cat text")
        try daemon.wait([id])
        #expect(try daemon.orchctl("logs", String(id)).output == text)
        var pieces: [OutputChunk] = []
        func chunks(of id: Int64, follow: Bool = false) throws -> [OutputChunk] {
            pieces = []
            var parameters = LogsParameters(id: id)
            parameters.follow = follow
            _ = try daemon.connect().call(.logs, parameters, deadline: .now + .seconds(patience)) {
                if case .output(_, let chunk) = $0 { pieces.append(chunk) }
            }
            return pieces
        }
        let all = try chunks(of: id)
        #expect(all.allSatisfy { $0.text != nil } && all.compactMap(\.text).joined() == text)
        // A bad byte takes little with it.
        let spoilt = try daemon.shell(#"cat text; printf '\377'; cat text"#)
        try daemon.wait([spoilt])
        let parts = try chunks(of: spoilt)
        #expect(parts.filter { $0.text == nil }.map(\.base64) == ["/w=="])
        #expect(parts.compactMap(\.text).joined() == text + text)
        // A follower gets the half of a character with the other half, or with the end of the task.
        let half = try daemon.shell(
            #"printf 'a\303'; while [ ! -e gate ]; do sleep 0.02; done; printf '\244b\342\202'"#)
        let logs = try daemon.start(["logs", "-f", String(half)])
        try logs.output.read("what is whole") { $0.bytes == [0x61] }
        try daemon.directory.write("", to: "gate")
        #expect(try logs.result().bytes == [0x61, 0xC3, 0xA4, 0x62, 0xE2, 0x82])
        #expect(try chunks(of: half, follow: true).map { $0.text ?? $0.base64 } == ["aäb", "4oI="])
        try daemon.finish()
    }

    @Test func aFollowerSeesEachLineAtOnceAndEndsWithTheTask() throws {
        let daemon = try Daemon()
        let id = try daemon.shell(
            "for i in 1 2 3 4 5; do echo line $i; while [ ! -e gate$i ]; do sleep 0.02; done; done; exit 4")
        let logs = try daemon.start(["logs", "-f", String(id)])
        let run = try daemon.start(["run", "--", "sh", "-c", "echo out; echo err >&2; exit 9"])
        var worst = 0.0
        for line in 1...5 {
            try logs.output.read("line \(line)") { $0.text.hasSuffix("line \(line)\n") }
            let start = milliseconds()
            try daemon.directory.write("", to: "gate\(line)")
            if line < 5 { try logs.output.read("the next line") { $0.text.hasSuffix("line \(line + 1)\n") } }
            worst = max(worst, milliseconds() - start)
        }
        let result = try logs.result()
        #expect(result.status == 0 && result.output == "line 1\nline 2\nline 3\nline 4\nline 5\n")
        print("logs -f: a line took \(Int(worst)) ms at the most")
        #expect(worst < 3000)
        let ran = try run.result()
        #expect(ran.status == 9 && ran.output == "out\n" && ran.error.contains("err\n"))
        try daemon.finish()
    }

    @Test func tailAndSince() throws {
        let daemon = try Daemon()
        let id = try daemon.shell("echo old 1; echo old 2; sleep 3.2; echo new 1; echo new 2; printf 'no end'")
        let record = try daemon.end(of: id)
        let orchctl = { (arguments: [String]) in try daemon.start(["logs"] + arguments + [String(id)]).result().output }
        #expect(try orchctl(["--tail", "2"]) == "new 2\nno end")
        #expect(try orchctl(["--tail", "0"]) == "")
        #expect(try orchctl(["--tail", "100"]) == "old 1\nold 2\nnew 1\nnew 2\nno end")
        let started = try #require(record.startedAt)
        let between = Timestamp(milliseconds: started.milliseconds + 1600)
        #expect(try orchctl(["--since", between.description]) == "new 1\nnew 2\nno end")
        #expect(try orchctl(["--since", started.description]) == "old 1\nold 2\nnew 1\nnew 2\nno end")
        #expect(try orchctl(["--since", "2100-01-01T00:00:00Z"]) == "")
        try daemon.finish()
    }

    @Test func sixtyFourMebibytesAreTheLimitWhereNothingElseIsSaid() throws {
        let daemon = try Daemon()
        let below = try daemon.shell("head -c 67108864 /dev/zero")
        let above = try daemon.shell("exec cat /dev/zero")
        let ends = try daemon.wait([below, above])
        #expect(ends[0].state == .succeeded, "\(ends[0].reason ?? "")")
        #expect(ends[1].attempts.last?.outcome?.kind == .outputLimit)
        try daemon.finish()
    }

    /// However it is written, and however soon it is over; and at the limit itself nothing is wrong.
    @Test func theLimitHoldsForWhatIsOverBeforeAnybodyLooks() throws {
        let daemon = try Daemon(pool: "slots = 4\noutput_limit = \"1M\"")
        let limit = 1 << 20
        // Of one that goes on the watcher may be the first to take notice; then only the sum is sure.
        let scripts: [(script: String, out: Int?, err: Int?)] = [
            ("head -c \(limit) /dev/zero", limit, 0), ("head -c \(limit) /dev/zero >&2", 0, limit),
            ("head -c 600000 /dev/zero; head -c \(limit - 600_000) /dev/zero >&2", 600_000, limit - 600_000),
            ("head -c \(limit + 1) /dev/zero", limit + 1, 0), ("head -c \(limit + 1) /dev/zero >&2", 0, limit + 1),
            ("head -c 30000000 /dev/zero", limit + 1, 0), ("head -c 30000000 /dev/zero; exit 3", limit + 1, 0),
            ("head -c 30000000 /dev/zero; kill -9 $$", limit + 1, 0),
            ("echo small; head -c 30000000 /dev/zero >&2", 6, limit - 5),
            ("head -c 9000000 /dev/zero; head -c 9000000 /dev/zero >&2", nil, nil),
        ]
        let ids = try scripts.map { try daemon.shell($0.script) }
        try daemon.wait(ids)
        for (id, (script, out, err)) in zip(ids, scripts) {
            let record = try daemon.task(id)
            let total = (out ?? limit) + (err ?? 1)
            if total <= limit {
                #expect(record.state == .succeeded, "\(script): \(record.reason ?? "")")
            } else {
                #expect(record.attempts.last?.outcome?.kind == .outputLimit, "\(script): \(record.reason ?? "")")
                #expect(
                    record.reason?.contains("1M; the rest is not kept") ?? false, "\(script): \(record.reason ?? "")"
                )
            }
            let logs = try daemon.orchctl("logs", String(id))
            let (gotOut, gotErr) = (logs.bytes.count, logs.errorBytes.count)
            #expect(
                gotOut == out ?? gotOut && gotErr == err ?? gotErr && gotOut + gotErr == total,
                "\(script): \(gotOut), \(gotErr)")
        }
        try daemon.finish()
    }

    @Test func aFollowerGoesOnWithTheNextAttemptAndOverAKillOfTheEngine() throws {
        let daemon = try Daemon()
        let id = try daemon.shell(
            "echo attempt $ORCH_ATTEMPT; while [ ! -e gate$ORCH_ATTEMPT ]; do sleep 0.02; done; exit $((3 - ORCH_ATTEMPT))"
        ) {
            $0.retries = 3
            $0.retryDelay = 0
        }
        let logs = try daemon.start(["logs", "-f", String(id)])
        try logs.output.read("the first attempt") { $0.text == "attempt 1\n" }
        try daemon.directory.write("", to: "gate1")
        try logs.output.read("the second attempt") { $0.text == "attempt 1\nattempt 2\n" }
        try daemon.killEngine()
        try daemon.directory.write("", to: "gate2")
        try logs.output.read("the third attempt") { $0.text == "attempt 1\nattempt 2\nattempt 3\n" }
        try daemon.directory.write("", to: "gate3")
        let result = try logs.result()
        #expect(result.status == 0 && result.output == "attempt 1\nattempt 2\nattempt 3\n", "\(result)")
        #expect(try daemon.end(of: id).attempts.map(\.outcome?.code) == [2, 1, 0])
        #expect(try daemon.orchctl("logs", "--attempt", "2", String(id)).output == "attempt 2\n")
        try daemon.finish()
    }
}
