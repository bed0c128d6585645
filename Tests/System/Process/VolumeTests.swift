import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Testing

/// Many tasks at once.
@Suite(.onThreads) struct VolumeTests {
    @Test func aHundredThousandTasksInOneBatch() throws {
        // A long turn is not taken for a hang, even where little patience is asked for.
        let daemon = try Daemon(workers: 0, arguments: ["--watchdog", "8"])
        let engine = try daemon.engine
        let lines = (0..<100_000).map { #"{"command":["true","\#($0)"]}"# }.joined(separator: "\n")
        #expect(try daemon.orchctl("status").status == 0)
        let start = milliseconds()
        let submission = try daemon.start(["submit", "--batch", "-"], input: Array(lines.utf8))
        var latencies: [Double] = []
        while !submission.program.hasEnded, latencies.count < 1000 {
            // Its ids would fill the pipe.
            _ = try? submission.output.read("ids", within: 0.01) { _ in false }
            let before = milliseconds()
            let status = try daemon.orchctl("status")
            #expect(status.status == 0, "\(status)")
            latencies.append(milliseconds() - before)
        }
        let spent = milliseconds() - start
        let used = try #require(processorTime(of: engine))
        let result = try submission.result()
        #expect(
            result.status == 0 && result.output.hasSuffix("100000\n"),
            "status \(result.status), \(result.output.utf8.count) bytes, \(result.error); after \(Int(spent)) ms\n\(daemon.log)"
        )
        #expect(try daemon.engine == engine, "\(daemon.log)")
        // Accepted means durable.
        try daemon.killEngine()
        let counts = try daemon.status().counts
        #expect(counts.queued == 100_000, "\(counts)")
        let after = milliseconds()
        #expect(try daemon.orchctl("status").status == 0)
        latencies.sort()
        print(
            """
            100 000 tasks in one batch: \(Int(spent)) ms from orchctl's start to its end, and the engine has used \(Int(used)) s; \
            meanwhile `orchctl status` took \(Int(latencies[latencies.count / 2])) ms (median of \(latencies.count)), \
            \(Int(latencies.last ?? 0)) ms at the most; afterwards \(Int(milliseconds() - after)) ms
            """)
        // Of a debug build, which took 13 s. How fast it is, the benchmarks say.
        #expect(used < 40)
        // Nobody waits for the turn that takes the batch, however long it is on this machine today.
        #expect(latencies[latencies.count / 2] < spent / 5)
        try daemon.finish()
    }
}
